// What is true of every splitter, and how the rules cut that no pattern describes.
#include "tokenizer/splitter.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "tokenizer/sample_texts.h"
#include "tokenizer/splitters/families.h"

namespace forebay::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Ends = std::vector<std::uint32_t>;

// All ends from `from` on, asked for `batch` at a time.
Ends ends_of(const Splitter& splitter, std::string_view text, std::size_t batch, std::size_t from = 0) {
    Ends ends;
    Ends some(batch);
    for (;;) {
        const std::size_t count = splitter.split(text, from, some);
        if (count == 0) return ends;
        ends.insert(ends.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
        from = ends.back();
    }
}

std::vector<std::string> pieces_of(std::string_view name, std::string_view text) {
    std::vector<std::string> pieces;
    std::size_t at = 0;
    for (const std::uint32_t end : ends_of(**find_splitter(name), text, 100)) {
        pieces.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return pieces;
}

// Texts in which most pieces are short, and texts of bytes that are no characters.
std::string random_text(std::mt19937_64& random, std::size_t size) {
    switch (random() % 4) {
        case 0: return random_bytes(random, size);
        case 1: return mixed_text(random, size);
        default: break;
    }
    constexpr std::string_view parts[] = {"a",
                                          "Bc",
                                          "the ",
                                          " ",
                                          "  ",
                                          "\n",
                                          "\t",
                                          "'s",
                                          "'",
                                          "'LL",
                                          "12",
                                          "4567",
                                          "!",
                                          "//",
                                          "\n/",
                                          "()",
                                          "\xC3\xA9",
                                          "\xE4\xB8\xAD",
                                          "\r\n",
                                          "'re",
                                          "\xCC\x81",
                                          "\xE2\x80\x83",
                                          "\xF0\x9F\x98\x80",
                                          "\xE0\xB9\x91",
                                          "\xE2",
                                          "\x80"};
    std::string text;
    const std::size_t kinds = 2 + random() % (std::size(parts) - 2);
    const std::size_t first = random() % std::size(parts);
    while (text.size() < size) text += parts[(first + random() % kinds) % std::size(parts)];
    return text;
}

class EverySplitter : public testing::TestWithParam<std::string_view> {
protected:
    const Splitter& fast() { return *fast_; }
    const Splitter& plain() { return *plain_; }

private:
    std::unique_ptr<Splitter> fast_ = make_splitter(GetParam(), Pace::fast).value();
    std::unique_ptr<Splitter> plain_ = make_splitter(GetParam(), Pace::plain).value();
};

TEST_P(EverySplitter, CutsTheWholeTextAndTheSameWithAndWithoutBlocks) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 300; ++i) {
        const std::string text = random_text(random, 1 + random() % 700);

        const Ends ends = ends_of(fast(), text, 2000);

        ASSERT_TRUE(std::ranges::is_sorted(ends, std::less_equal<>()) && ends.front() > 0 &&
                    ends.back() == text.size());
        ASSERT_EQ(ends, ends_of(plain(), text, 2000)) << testing::PrintToString(text);
    }
}

TEST_P(EverySplitter, CutsTheSameWhateverRoomThereIsForEnds) {
    std::mt19937_64 random(2);
    for (int i = 0; i < 60; ++i) {
        const std::string text = random_text(random, 1 + random() % 400);
        const Ends ends = ends_of(fast(), text, 2000);
        for (const std::size_t batch : {1, 2, 3, 7, 63, 64, 65}) ASSERT_EQ(ends_of(fast(), text, batch), ends);
    }
}

TEST_P(EverySplitter, GoesOnFromAnyEndAsIfNothingStoodBeforeIt) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 100; ++i) {
        const std::string text = random_text(random, 1 + random() % 300);
        const Ends ends = ends_of(fast(), text, 2000);
        const std::size_t index = random() % ends.size();
        const std::size_t from = ends[index];
        const Ends rest(ends.begin() + static_cast<std::ptrdiff_t>(index) + 1, ends.end());

        Ends alone = ends_of(fast(), std::string_view(text).substr(from), 2000);
        for (std::uint32_t& end : alone) end += static_cast<std::uint32_t>(from);

        ASSERT_EQ(ends_of(fast(), text, 2000, from), rest) << testing::PrintToString(text);
        ASSERT_EQ(alone, rest) << testing::PrintToString(text) << " from " << from;
    }
}

TEST_P(EverySplitter, NeverMovesAnEndUpToItsLastCut) {
    std::mt19937_64 random(4);
    for (int i = 0; i < 200; ++i) {
        const std::string text = random_text(random, 1 + random() % 600);
        const std::size_t cut = fast().last_cut(text);
        const auto up_to_cut = [&](const Ends& ends) {
            return Ends(ends.begin(), std::ranges::upper_bound(ends, static_cast<std::uint32_t>(cut)));
        };
        const Ends before = up_to_cut(ends_of(fast(), text, 2000));
        ASSERT_TRUE(cut == 0 || (!before.empty() && before.back() == cut));

        for (int k = 0; k < 8; ++k) {
            const std::string longer = text + random_text(random, 1 + random() % 60);
            ASSERT_EQ(up_to_cut(ends_of(fast(), longer, 2000)), before)
                << testing::PrintToString(text) << " and " << testing::PrintToString(longer.substr(text.size()));
        }
    }
}

TEST_P(EverySplitter, HasALastCutNearTheEndOfALongTextOfLines) {
    std::string text;
    while (text.size() < 20'000) text += "Some words and numbers, 1 or 23, make a line of text; (and so on).\n";

    const std::size_t cut = fast().last_cut(text);

    EXPECT_LT(cut, text.size());
    EXPECT_GT(cut, text.size() - 200);
}

INSTANTIATE_TEST_SUITE_P(Splitters, EverySplitter, testing::ValuesIn(rule_names()), [](const auto& info) {
    std::string name(info.param);
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
});

TEST(Splitter, IsFoundByNameAndKeepsIt) {
    const Result<const Splitter*> found = find_splitter("llama-v3");

    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)->name(), "llama-v3");
    EXPECT_EQ(*find_splitter("llama-v3"), *found);
}

TEST(Splitter, OfAnUnknownNameIsNotFoundAndItsNeighboursAreNamed) {
    const Result<const Splitter*> found = find_splitter("qwen");

    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, Code::not_found);
    EXPECT_THAT(found.error().message, HasSubstr("'qwen'"));
    EXPECT_THAT(found.error().message, HasSubstr("qwen2, qwen35"));
}

TEST(Splitter, OfAnEmptyTextWritesNothing) {
    Ends ends(4);
    EXPECT_EQ((*find_splitter("o200k_base"))->split("", 0, ends), 0U);
    EXPECT_EQ((*find_splitter("o200k_base"))->last_cut(""), 0U);
}

TEST(Splitter, OfARankFileKnowsUnicode16AndOneOfLlamaCppDoesNot) {
    const std::string garay_capitals = "\U00010D50\U00010D51";

    EXPECT_THAT(pieces_of("cl100k_base", "a" + garay_capitals), ElementsAre("a" + garay_capitals));
    EXPECT_THAT(pieces_of("llama-bpe", "a" + garay_capitals), ElementsAre("a", garay_capitals));
}

TEST(Splitter, OfO200kKeepsAContractionWithItsWordAndASecondOneApart) {
    EXPECT_THAT(pieces_of("o200k_base", "don't've HTTPServer'S"), ElementsAre("don't", "'ve", " HTTPServer'S"));
    EXPECT_THAT(pieces_of("o200k_base", "it'\u017Fx"), ElementsAre("it'\u017F", "x"));
    EXPECT_THAT(pieces_of("gpt-4o", "it'\u017Fx"), ElementsAre("it", "'\u017Fx"));
}

TEST(Splitter, OfO200kEndsAWordBehindItsLastLetterWithoutCase) {
    EXPECT_THAT(pieces_of("o200k_base", "\u4E2DABC"), ElementsAre("\u4E2D", "ABC"));
    EXPECT_THAT(pieces_of("o200k_base", "\u4E2DABCd"), ElementsAre("\u4E2DABCd"));
}

// llama.cpp leaves what stands before a number with its first group.
TEST(Splitter, OfTinyAyaGroupsDigitsFromTheRight) {
    EXPECT_THAT(pieces_of("tiny_aya", "1234567 a  12"), ElementsAre("1", "234", "567", " a", " ", " ", "12"));
}

TEST(Splitter, OfAfmoeGroupsDigitsFromTheRightAndCutsThemWhereTheScriptChanges) {
    EXPECT_THAT(pieces_of("afmoe", "x1234\u0E51\u0E52"), ElementsAre("x", "123", "4", "\u0E51\u0E52"));
    EXPECT_THAT(pieces_of("afmoe",
                          "\x01"
                          "12 \u4E2Da"),
                ElementsAre("\x01"
                            "12",
                            " ", "\u4E2D", "a"));
}

TEST(Splitter, OfDeepseekLlmCutsSpacesOffTheEndOfWhatStandsBetween) {
    EXPECT_THAT(pieces_of("deepseek-llm", "\u00A4  \u00A4  \na"), ElementsAre("\u00A4  \u00A4", "  ", "\n", "a"));
    EXPECT_THAT(pieces_of("deepseek-llm", "\u00A4  1 a12\u4E2D"), ElementsAre("\u00A4  ", "1", " a", "12", "\u4E2D"));
}

}  // namespace
}  // namespace forebay::tokenizer
