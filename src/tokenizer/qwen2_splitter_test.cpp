// How Qwen2 cuts, written out; splitter_test.cpp compares all of them with their patterns.
#include <gmock/gmock.h>

#include "base/utf8.h"
#include "tokenizer/sample_texts.h"
#include "tokenizer/test_rig.h"
#include "tokenizer/unicode_classes.h"

namespace forebay::tokenizer {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces_of(std::string_view text) {
    const auto pieces = tokenizer::pieces_of("qwen2", text);
    return {pieces.begin(), pieces.end()};
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
    std::size_t letters = 0, numbers = 0, white = 0;
    for (char32_t character = 0; character < 0x110000; ++character) {
        const CharacterBits bits = UnicodeClasses::get().bits(character);
        letters += (bits & is::letter) != 0;
        numbers += (bits & is::number) != 0;
        white += (bits & is::white_space) != 0;
    }
    // Totals of L, N and White_Space in Unicode 15.1; llama_differential_test.cpp compares one by one.
    EXPECT_EQ(letters, 136726U);
    EXPECT_EQ(numbers, 1831U);
    EXPECT_EQ(white, 25U);
    EXPECT_EQ(UnicodeClasses::get().bits(0x110000), 0);
}

}  // namespace
}  // namespace forebay::tokenizer
