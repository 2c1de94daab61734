#include "tokenizer/bpe_trainer.h"

#include <gmock/gmock.h>

#include <set>

#include "base/utf8.h"
#include "tokenizer/naive_bpe.h"
#include "tokenizer/sample_texts.h"

namespace forebay::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Spellings = std::vector<std::pair<std::string, std::string>>;

Result<BpeVocabulary> train(std::string_view text, const BpeOptions& options) {
    const std::vector<std::string_view> corpus = {text};
    return train_bpe(corpus, options);
}

Spellings spelled_merges(const BpeVocabulary& vocabulary) {
    Spellings merges;
    for (const auto& [left, right] : vocabulary.merges) {
        merges.emplace_back(vocabulary.tokens[static_cast<std::size_t>(left)],
                            vocabulary.tokens[static_cast<std::size_t>(right)]);
    }
    return merges;
}

TEST(BpeTrainer, TheMostFrequentPairIsMergedFirst) {
    const auto vocabulary = train("abab abab cab", {.vocabulary = 259});

    // " abab" once, "abab" once, " cab" once: "ab" five times, then "abab" twice.
    ASSERT_TRUE(vocabulary);
    EXPECT_THAT(spelled_merges(*vocabulary), ElementsAre(std::pair("a", "b"), std::pair("ab", "ab")));
    EXPECT_EQ(vocabulary->tokens.back(), "abab");
    EXPECT_TRUE(check_vocabulary(*vocabulary));
}

TEST(BpeTrainer, EqualCountsAreDecidedByTheIdsOfThePair) {
    const auto vocabulary = train("zy\nzy\nyx\nyx\n", {.vocabulary = 258});

    ASSERT_TRUE(vocabulary);
    EXPECT_THAT(spelled_merges(*vocabulary), ElementsAre(std::pair("y", "x"), std::pair("z", "y")));
}

TEST(BpeTrainer, FindsTheMergesOfTheTextbookAlgorithm) {
    std::mt19937_64 random(7);
    for (std::uint32_t round = 0; round < 60; ++round) {
        // Few letters and long runs: many overlaps and many equal counts.
        std::string text;
        for (int i = 0; i < 400; ++i) text += "aaabbc  \n"[random() % (round % 2 == 0 ? 9 : 6)];
        if (round % 3 == 0) text += mixed_text(random, 300);
        const BpeOptions options{.vocabulary = 320, .control = {"ab", "aab"}, .count_least = round % 4};

        const auto vocabulary = train(text, options);

        ASSERT_TRUE(vocabulary);
        ASSERT_EQ(spelled_merges(*vocabulary), naive_merges(text, options)) << "round " << round;
        ASSERT_TRUE(check_vocabulary(*vocabulary)) << check_vocabulary(*vocabulary).error().message;
    }
}

TEST(BpeTrainer, TheSameCorpusGivesTheSameVocabularyInWhateverOrderItsTextsCome) {
    const std::string text = repository_text();
    const std::size_t middle = text.find("\n\n", text.size() / 2);
    const std::vector<std::string_view> forward = {std::string_view(text).substr(0, middle),
                                                   std::string_view(text).substr(middle)};
    const std::vector<std::string_view> backward = {forward[1], forward[0]};

    const auto one = train_bpe(forward, {.vocabulary = 2000});
    const auto other = train_bpe(backward, {.vocabulary = 2000});

    ASSERT_TRUE(one && other);
    EXPECT_EQ(one->tokens.size(), 2000U);
    EXPECT_EQ(one->merges, other->merges);
    EXPECT_EQ(one->tokens, other->tokens);
}

TEST(BpeTrainer, ARarePairIsNotMergedSoTheVocabularyMayEndUpSmaller) {
    const auto vocabulary = train("ab ab ab cd cd", {.vocabulary = 4096, .count_least = 3});

    ASSERT_TRUE(vocabulary);
    EXPECT_THAT(spelled_merges(*vocabulary), ElementsAre(std::pair("a", "b")));
    const auto all = train("xyz", {.vocabulary = 4096, .count_least = 0});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->tokens.back(), "xyz");
}

TEST(BpeTrainer, ControlTokensComeLastAndNoMergeIsSpelledLikeOne) {
    const BpeOptions options{.vocabulary = 300,
                             .control = {"ab", "<|im_end|>", "\u0120c"}};  // Ġc is " c" in GPT-2's spelling

    const auto vocabulary = train("ab ab ab abab abab <|im_end|> c c c c", options);

    ASSERT_TRUE(vocabulary);
    const std::vector<std::string>& tokens = vocabulary->tokens;
    EXPECT_THAT((std::vector<std::string>(tokens.end() - 3, tokens.end())), ElementsAre("ab", "<|im_end|>", "\u0120c"));
    std::set<std::string> spellings;
    for (std::size_t i = 0; i < tokens.size(); ++i) spellings.insert(vocabulary->printable(static_cast<TokenId>(i)));
    EXPECT_EQ(spellings.size(), tokens.size());
    EXPECT_TRUE(check_vocabulary(*vocabulary));
}

TEST(BpeTrainer, RefusesWhatCannotBecomeAVocabulary) {
    EXPECT_THAT(train("abc", {.vocabulary = 255}).error().message, HasSubstr("too small"));
    EXPECT_THAT(train("abc", {.vocabulary = 257, .control = {"<a>", "<b>"}}).error().message, HasSubstr("too small"));
    EXPECT_THAT(train("", {}).error().message, HasSubstr("empty"));
    EXPECT_THAT(train_bpe({}, {}).error().message, HasSubstr("empty"));
    EXPECT_THAT(train("abc", {.control = {"<a>", "<a>"}}).error().message, HasSubstr("twice"));
    EXPECT_THAT(train("abc", {.control = {"x"}}).error().message, HasSubstr("fewer than two bytes"));
    EXPECT_THAT(train("abc", {.control = {""}}).error().message, HasSubstr("fewer than two bytes"));
    EXPECT_EQ(train("abc", {.vocabulary = UINT32_MAX}).error().code, Code::invalid_argument);
}

TEST(BpeTrainer, OnePieceOfAMegabyteIsTrainedOnInLinearTime) {
    // A quadratic trainer would take hours and fail by the test's time limit.
    const auto vocabulary = train(std::string(1 << 20, 'a'), {.vocabulary = 280});

    ASSERT_TRUE(vocabulary);
    EXPECT_EQ(vocabulary->merges.size(), 19U);  // 2, 4, 8 … letters, until one token of 524,288 is left twice
    EXPECT_EQ(vocabulary->tokens.back().size(), std::size_t{1} << 19);
}

TEST(BpeVocabulary, PrintableIsOneCharacterPerByteAndNeverASpace) {
    const auto vocabulary = train("x", {.vocabulary = 257, .control = {"<|a b|>"}});
    ASSERT_TRUE(vocabulary);
    std::set<std::string> spellings;

    for (TokenId id = 0; id < 256; ++id) {
        const std::string spelling = vocabulary->printable(id);
        EXPECT_EQ(utf8::sequence_size(spelling), spelling.size());
        spellings.insert(spelling);
    }

    EXPECT_EQ(spellings.size(), 256U);
    EXPECT_FALSE(spellings.contains(" "));
    EXPECT_EQ(vocabulary->printable(0), "!");
    EXPECT_EQ(vocabulary->printable(220), "\u0120");  // a space: token 220 of GPT-2
    EXPECT_EQ(vocabulary->printable(198), "\u010A");  // a newline: token 198
    EXPECT_EQ(vocabulary->printable(256), "<|a b|>");
    EXPECT_EQ(vocabulary->printable(-1), "");
    EXPECT_EQ(vocabulary->printable(257), "");
}

TEST(BpeVocabulary, ACheckNamesWhatIsWrong) {
    const auto good = train("abab cdcd abab cdcd", {.vocabulary = 300, .control = {"<e>"}});
    ASSERT_TRUE(good);
    const auto broken = [&](auto change) {
        BpeVocabulary vocabulary = *good;
        change(vocabulary);
        const Result<void> checked = check_vocabulary(vocabulary);
        return checked ? std::string("accepted") : checked.error().message;
    };

    EXPECT_THAT(broken([](auto& v) { v.tokens.pop_back(); }), HasSubstr("make"));
    EXPECT_THAT(broken([](auto& v) { v.pre_tokenizer = "gpt-2"; }), HasSubstr("'gpt-2'"));
    EXPECT_THAT(broken([](auto& v) { v.merges[0].first = 256; }), HasSubstr("merge 0"));
    EXPECT_THAT(broken([](auto& v) { v.merges[1].second = -1; }), HasSubstr("merge 1"));
    EXPECT_THAT(broken([](auto& v) { v.tokens[256] = "zz"; }), HasSubstr("token 256"));
    EXPECT_THAT(broken([](auto& v) { v.tokens[5] = "zz"; }), HasSubstr("token 5"));
    EXPECT_THAT(broken([](auto& v) { v.tokens[255] = v.tokens[254]; }), HasSubstr("token 255"));
    EXPECT_THAT(broken([](auto& v) { v.merges.back() = v.merges[0], *(v.tokens.end() - 2) = v.tokens[256]; }),
                HasSubstr("is spelled"));
    EXPECT_THAT(broken([](auto& v) { v.tokens.back() = "<f>"; }), HasSubstr("control"));
}

}  // namespace
}  // namespace forebay::tokenizer
