#include "training/openai_api.h"

#include <gmock/gmock.h>

#include <cstring>

#include "exec/io_threads.h"

namespace forebay::training {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds first{1'000};
constexpr milliseconds most{60'000};

std::unique_ptr<OpenaiApi> api_with_key(exec::IoThreads& threads, const std::string& key) {
    OpenaiApi::Options options;
    options.base_url = "http://127.0.0.1:9/v1";
    options.key = config::Secret(key);
    return *OpenaiApi::open(threads, std::move(options));
}

TEST(Backoff, DoublesFromTheFirstAndStaysAtTheMost) {
    std::vector<std::int64_t> spans;
    for (unsigned number = 2; number < 12; ++number) spans.push_back(backoff(number, first, most, 1).count());

    EXPECT_THAT(spans, testing::ElementsAre(1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 60000));
}

TEST(Backoff, IsAtLeastHalfWhateverTheChance) {
    EXPECT_EQ(backoff(4, first, most, 0), milliseconds(2'000));
    EXPECT_EQ(backoff(4, first, most, 0.5), milliseconds(3'000));
    EXPECT_EQ(backoff(4'000'000'000, first, most, 0), milliseconds(30'000));
}

TEST(RetryAfter, IsReadAsSecondsOrAsADate) {
    const std::int64_t now = 1'721'764'800'000'000;  // Tue, 23 Jul 2024 20:00:00 GMT

    EXPECT_EQ(parse_retry_after("20", now), milliseconds(20'000));
    EXPECT_EQ(parse_retry_after("0.5", now), milliseconds(500));
    EXPECT_EQ(parse_retry_after("Tue, 23 Jul 2024 20:00:30 GMT", now), milliseconds(30'000));
    EXPECT_EQ(parse_retry_after("Tue, 23 Jul 2024 19:00:00 GMT", now), milliseconds(0));
}

TEST(RetryAfter, IsAnHourAtMostAndNothingWhereItIsNeither) {
    const std::int64_t now = 1'721'764'800'000'000;

    EXPECT_EQ(parse_retry_after("1e300", now), milliseconds(3'600'000));
    EXPECT_EQ(parse_retry_after("Wed, 23 Jul 2025 20:00:30 GMT", now), milliseconds(3'600'000));
    for (const auto* text : {"", "soon", "-3", "nan", "20 seconds", "Tue, 23 Jul 2024"}) {
        EXPECT_FALSE(parse_retry_after(text, now)) << text;
    }
}

TEST(PercentEncoding, KeepsOnlyWhatIsUnreserved) {
    EXPECT_EQ(percent_encoded("ftjob-aZ_09.~"), "ftjob-aZ_09.~");
    EXPECT_EQ(percent_encoded("a/b?c=d&e é"), "a%2Fb%3Fc%3Dd%26e%20%C3%A9");
}

TEST(OpenaiApi, ShowsTextWithoutTheKeyControlCharactersAndTheRestOfALongOne) {
    exec::IoThreads threads(1);
    const auto api = api_with_key(threads, "sk-1");

    EXPECT_EQ(api->fit_to_show("key sk-1 and sk-1!"), "key *** and ***!");
    EXPECT_EQ(api->fit_to_show("a\x1b[31mb\nc"), "a [31mb c");
    EXPECT_EQ(api->fit_to_show(std::string(600, 'x')), std::string(500, 'x') + "…");
    EXPECT_EQ(api->fit_to_show("\xff"), "\xef\xbf\xbd");
}

TEST(OpenaiApi, JudgesStatusesByWhetherARepetitionMayHelp) {
    exec::IoThreads threads(1);
    const auto api = api_with_key(threads, "");
    const auto verdict = [&](unsigned status) {
        const Result<ApiAnswer> attempt = ApiAnswer{status, "", {}};
        return api->judge(attempt).what;
    };

    for (const unsigned status : {200u, 201u}) EXPECT_EQ(verdict(status), Verdict::What::done) << status;
    for (const unsigned status : {408u, 409u, 429u, 500u, 502u, 503u, 504u, 529u}) {
        EXPECT_EQ(verdict(status), Verdict::What::again) << status;
    }
    for (const unsigned status : {301u, 400u, 401u, 403u, 404u, 413u, 422u, 501u}) {
        EXPECT_EQ(verdict(status), Verdict::What::give_up) << status;
    }
}

TEST(OpenaiApi, RefusesAUrlOrAKeyThatCannotBeUsed) {
    exec::IoThreads threads(1);
    OpenaiApi::Options no_url;
    no_url.base_url = "api.openai.com";
    OpenaiApi::Options split_key;
    split_key.base_url = "http://127.0.0.1/v1";
    split_key.key = config::Secret("sk-1\r\nx: y");

    EXPECT_THAT(OpenaiApi::open(threads, std::move(no_url)).error().message, HasSubstr("driver.base_url"));
    EXPECT_THAT(OpenaiApi::open(threads, std::move(split_key)).error().message, HasSubstr("driver.api_key"));
}

}  // namespace
}  // namespace forebay::training
