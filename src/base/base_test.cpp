#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"

namespace forebay {
namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return fail(Code::invalid_argument, "{} is odd", n);
    return n / 2;
}
Result<int> quarter(int n) {
    FOREBAY_TRY(const int once, half(n));
    return half(once);
}

TEST(Error, TryPassesTheFirstErrorOn) {
    EXPECT_EQ(*quarter(12), 3);
    EXPECT_EQ(quarter(6).error().message, "3 is odd");
    EXPECT_EQ(quarter(6).error().code, Code::invalid_argument);
}

TEST(Clock, FormatsMicrosecondsAsUtc) {
    EXPECT_EQ(format_utc(0), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_utc(1'700'000'000'123'456), "2023-11-14T22:13:20.123456Z");
    EXPECT_EQ(format_utc(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(Clock, TheSoonerDeadlineWins) {
    const auto soon = Deadline::in(std::chrono::seconds(1));

    EXPECT_EQ(soon.sooner(Deadline::never()).at(), soon.at());
    EXPECT_FALSE(soon.passed());
    EXPECT_TRUE(soon.passed(soon.at()));
}

TEST(Hash, KnownDigests) {
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(checksum(""), 0x2D06800538D394C2ull);
}

TEST(Hash, ADigestDoesNotDependOnThePieces) {
    const std::string text(1000, 'x');
    for (const std::size_t piece : {1u, 63u, 64u, 65u, 1000u}) {
        Sha256Stream stream;
        for (std::size_t at = 0; at < text.size(); at += piece) stream.add(std::string_view(text).substr(at, piece));
        EXPECT_EQ(stream.finish(), sha256(text));
    }
    EXPECT_EQ(Sha256Stream().finish(), sha256(""));
}

TEST(Hash, ConstantTimeComparisonAgreesWithEquality) {
    EXPECT_TRUE(equal_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_constant_time("secret", "Secret"));
    EXPECT_FALSE(equal_constant_time("secret", "secre"));
}

TEST(Random, RequestIdsSortByTimeAndDoNotRepeat) {
    std::set<std::string> ids;
    for (int i = 0; i < 10'000; ++i) ids.insert(new_request_id());

    EXPECT_EQ(ids.size(), 10'000u);
    EXPECT_EQ(ids.begin()->size(), 30u);
    EXPECT_TRUE(ids.begin()->starts_with("req_0"));
}

TEST(Random, TokensHaveTheLengthAskedFor) {
    EXPECT_EQ(random_token(43).size(), 43u);
    EXPECT_NE(random_token(43), random_token(43));
}

TEST(Json, EscapesWhatMustBeEscaped) {
    EXPECT_EQ(json::quote("a\"b\\c\n\t\x01"
                          "d/é"),
              "\"a\\\"b\\\\c\\n\\t\\u0001d/é\"");
}

TEST(Json, InvalidUtf8BecomesTheReplacementCharacter) {
    EXPECT_EQ(json::quote("a\xFF"
                          "b\xE2\x82"),
              "\"a\uFFFDb\uFFFD\uFFFD\"");
}

TEST(Json, ObjectWriterSeparatesFields) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("text", "x");
    object.field("count", 3);
    object.field("share", 0.5);
    object.field("on", true);
    object.null("none");
    object.raw("list", "[1]");
    object.close();

    EXPECT_EQ(out, R"({"text":"x","count":3,"share":0.5,"on":true,"none":null,"list":[1]})");
}

TEST(Utf8, HoldsBackOnlyACharacterThatIsNotWhole) {
    const std::string euro = "\xE2\x82\xAC";

    EXPECT_EQ(utf8::whole_prefix_size("ab" + euro), 5u);
    EXPECT_EQ(utf8::whole_prefix_size("ab" + euro.substr(0, 2)), 2u);
    EXPECT_EQ(utf8::whole_prefix_size("ab" + euro.substr(0, 1)), 2u);
    EXPECT_EQ(utf8::whole_prefix_size("ab\xFF"), 3u);
    EXPECT_EQ(utf8::whole_prefix_size("\x80\x80\x80"), 3u);
    EXPECT_EQ(utf8::whole_prefix_size("\xF0\x9F\x98"), 0u);
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndValuesAboveTheLast) {
    std::string appended;
    for (const char32_t character : {U'a', U'\u00E9', U'\u20AC', U'\U0001F600'}) utf8::append(appended, character);
    EXPECT_EQ(appended, "a\u00E9\u20AC\U0001F600");
    EXPECT_FALSE(utf8::is_valid("\xC0\xAF"));
    EXPECT_FALSE(utf8::is_valid("\xED\xA0\x80"));
    EXPECT_FALSE(utf8::is_valid("\xF4\x90\x80\x80"));
    EXPECT_TRUE(utf8::is_valid("\xF4\x8F\xBF\xBF é €"));
}

}  // namespace
}  // namespace forebay
