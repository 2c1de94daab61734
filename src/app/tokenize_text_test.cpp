#include "app/tokenize_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "token_service/byte_tokenizer.h"

namespace forebay::app {
namespace {

using testing::HasSubstr;
using token_service::ByteTokenizer;
using tokenizer::Specials;

TEST(Escaped, IsOneHarmlessLine) {
    EXPECT_EQ(escaped("a b\n\t\"\\"), R"(a b\n\t\"\\)");
    EXPECT_EQ(escaped("\x1b[31m"), R"(\x1B[31m)");
    EXPECT_EQ(escaped("\xE4\xB8\xAD \xF0\x9F\x98\x80"), "\xE4\xB8\xAD \xF0\x9F\x98\x80");
    EXPECT_EQ(escaped("\xE4\xB8"), R"(\xE4\xB8)");
    EXPECT_EQ(escaped("\xC2\x9B"), R"(\xC2\x9B)");
    EXPECT_EQ(escaped(std::string_view("\0\x7f", 2)), R"(\x00\x7F)");
}

TEST(PieceLines, ShowIdAndText) {
    const ByteTokenizer bytes("bytes");
    const std::vector<tokenizer::TokenId> tokens{97, 32};

    EXPECT_EQ(piece_lines(bytes, tokens, false), "      97  \"a\"\n      32  \" \"\n");
    EXPECT_THAT(piece_lines(bytes, tokens, true), HasSubstr("\x1b["));
}

TEST(Differences, AreTheStretchesBetweenCommonCuts) {
    const ByteTokenizer words("words", {"abc", "d"});
    const ByteTokenizer pairs("pairs", {"ab"});

    const auto found = differences_of(words, pairs, "xabcdy", Specials::as_tokens);

    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(found->front().begin, 1u);
    EXPECT_EQ(found->front().end, 4u);
    EXPECT_THAT(found->front().left, testing::ElementsAre(256));
    EXPECT_THAT(found->front().right, testing::ElementsAre(256, 99));
    EXPECT_TRUE(differences_of(words, pairs, "xyz", Specials::as_tokens)->empty());
    EXPECT_TRUE(differences_of(words, pairs, "", Specials::as_tokens)->empty());
}

TEST(Comparison, HasATotalOfSeveralInputs) {
    const std::vector<InputCount> counts{{"a.txt", 100, 20, 25}, {"b.txt", 50, 10, 5}};

    const auto table = comparison_table("x", "y", counts);

    EXPECT_THAT(table, HasSubstr("        20    5.000          25    4.000    0.800  a.txt\n"));
    EXPECT_THAT(table, HasSubstr("        30    5.000          30    5.000    1.000  total\n"));
    EXPECT_EQ(to_json("x", "y", counts[0]),
              R"({"file":"a.txt","bytes":100,"a":{"tokenizer":"x","tokens":20,"bytes_per_token":5},)"
              R"("b":{"tokenizer":"y","tokens":25,"bytes_per_token":4},"ratio":0.8})");
    EXPECT_THAT(to_json("x", "y", {"empty", 0, 0, 0}), HasSubstr(R"("bytes_per_token":0)"));
}

}  // namespace
}  // namespace forebay::app
