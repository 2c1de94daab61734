#include "tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>

#include <array>

#include "base/utf8.h"
#include "tokenizer/sample_texts.h"
#include "tokenizer/unicode_classes.h"

namespace forebay::tokenizer {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces_of(std::string_view text) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const std::size_t size = next_piece_qwen2(text);
        EXPECT_GE(size, 1U);
        EXPECT_LE(size, text.size());
        pieces.emplace_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return pieces;
}

TEST(PreTokenizer, AWordTakesTheCharacterBeforeItUnlessThatIsALetterANumberOrANewline) {
    EXPECT_THAT(pieces_of("to be"), ElementsAre("to", " be"));
    EXPECT_THAT(pieces_of("(x) _y\tz"), ElementsAre("(x", ")", " _", "y", "\tz"));
    EXPECT_THAT(pieces_of("\nx 5x"), ElementsAre("\n", "x", " ", "5", "x"));
    EXPECT_THAT(pieces_of("…слово\u00A0été"), ElementsAre("…слово", "\u00A0été"));
}

TEST(PreTokenizer, NumbersAreOneCharacterEach) {
    EXPECT_THAT(pieces_of("12 ½٣"), ElementsAre("1", "2", " ", "½", "٣"));
}

TEST(PreTokenizer, ContractionsAreCutOffInAnyCase) {
    EXPECT_THAT(pieces_of("it's WE'LL they'Ve"), ElementsAre("it", "'s", " WE", "'LL", " they", "'Ve"));
    EXPECT_THAT(pieces_of("'rex 'vx 'lo 'l"), ElementsAre("'re", "x", " '", "vx", " '", "lo", " '", "l"));
    EXPECT_THAT(pieces_of("'REx'Sx'lLx"), ElementsAre("'RE", "x", "'S", "x", "'lL", "x"));
    EXPECT_THAT(pieces_of("'x '"), ElementsAre("'x", " '"));
    EXPECT_THAT(pieces_of("'\u017F"), ElementsAre("'\u017F"));  // a long s is no s
    EXPECT_THAT(pieces_of("'\x13 'S"), ElementsAre("'\x13", " '", "S"));
}

TEST(PreTokenizer, PunctuationTakesTheSpaceBeforeAndTheNewlinesAfter) {
    EXPECT_THAT(pieces_of("a += b;\r\n\n  c"), ElementsAre("a", " +=", " b", ";\r\n\n", " ", " c"));
    EXPECT_THAT(pieces_of("  !! \n"), ElementsAre(" ", " !!", " \n"));
    EXPECT_THAT(pieces_of("\t!"), ElementsAre("\t", "!"));
}

TEST(PreTokenizer, WhiteSpaceEndsAtItsLastNewlineOrLeavesOneCharacterToWhatFollows) {
    EXPECT_THAT(pieces_of("a  \n \n   b"), ElementsAre("a", "  \n \n", "  ", " b"));
    EXPECT_THAT(pieces_of("a   "), ElementsAre("a", "   "));
    EXPECT_THAT(pieces_of("   7"), ElementsAre("  ", " ", "7"));
    EXPECT_THAT(pieces_of("\u3000\u3000\u00857"), ElementsAre("\u3000\u3000", "\u0085", "7"));
}

TEST(PreTokenizer, BytesThatAreNotUtf8SplitAsReplacementCharactersDo) {
    std::mt19937_64 random(41);
    for (int round = 0; round < 300; ++round) {
        const std::string text = random_bytes(random, 200);

        std::vector<std::string> pieces = pieces_of(text);
        for (std::string& piece : pieces) piece = utf8::sanitized(piece);

        ASSERT_EQ(pieces, pieces_of(utf8::sanitized(text))) << "round " << round;
    }
}

TEST(UnicodeClasses, CountsAreThoseOfUnicode15Point1) {
    std::array<std::size_t, 5> counts{};
    for (char32_t character = 0; character < 0x110000; ++character) {
        ++counts[static_cast<std::size_t>(UnicodeClasses::get().of(character))];
    }
    // Totals of L, N and White_Space in Unicode 15.1; llama_differential_test.cpp compares one by one.
    EXPECT_EQ(counts[static_cast<std::size_t>(CharacterClass::letter)], 136726U);
    EXPECT_EQ(counts[static_cast<std::size_t>(CharacterClass::number)], 1831U);
    EXPECT_EQ(counts[static_cast<std::size_t>(CharacterClass::whitespace)], 23U);
    EXPECT_EQ(counts[static_cast<std::size_t>(CharacterClass::newline)], 2U);
    EXPECT_EQ(UnicodeClasses::get().of(0x110000), CharacterClass::other);
}

}  // namespace
}  // namespace forebay::tokenizer
