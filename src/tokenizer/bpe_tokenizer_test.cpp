#include <gmock/gmock.h>

#include <thread>

#include "tokenizer/naive_bpe.h"
#include "tokenizer/sample_texts.h"
#include "tokenizer/test_rig.h"

namespace forebay::tokenizer {
namespace {

using testing::ElementsAre;

BpeVocabulary trained(std::string_view text, std::uint32_t size) {
    const std::vector<std::string_view> corpus = {text};
    return *train_bpe(corpus, {.vocabulary = size, .control = {"<|im_start|>", "<|im_end|>"}});
}

// Small, and with merges in every script.
const BpeVocabulary& sample_vocabulary() {
    static const BpeVocabulary vocabulary = [] {
        std::mt19937_64 random(5);
        return trained(mixed_text(random, 60'000), 1200);
    }();
    return vocabulary;
}

const Tokenizer& sample_tokenizer() {
    static const TokenizerPtr tokenizer = tokenizer_of(sample_vocabulary());
    return *tokenizer;
}

TEST(BpeTokenizer, MergesInTheOrderOfTheList) {
    BpeVocabulary vocabulary = trained("x", 258);
    const auto add = [&](TokenId left, TokenId right) {
        const auto at = [&](TokenId id) { return vocabulary.tokens[static_cast<std::size_t>(id)]; };
        vocabulary.tokens.insert(vocabulary.tokens.end() - 2, at(left) + at(right));
        vocabulary.merges.emplace_back(left, right);
    };
    const TokenId a = 'a' - '!';
    add(a + 1, a + 2);  // 256: bc
    add(a, a + 1);      // 257: ab
    add(257, a + 2);    // 258: abc, which the merges never reach from its bytes
    const TokenizerPtr made = tokenizer_of(vocabulary);
    const Tokenizer& tokenizer = *made;

    EXPECT_THAT(tokens_of(tokenizer, "abc"), ElementsAre(a, 256));
    EXPECT_THAT(tokens_of(tokenizer, "ab"), ElementsAre(257));
    EXPECT_THAT(tokens_of(tokenizer, ""), ElementsAre());
    EXPECT_EQ(tokenizer.bytes_of(258), "abc");
}

TEST(BpeTokenizer, PiecesOfAnyLengthGetTheTokensOfTheTextbookAlgorithm) {
    const Tokenizer& tokenizer = sample_tokenizer();
    std::mt19937_64 random(11);
    std::size_t long_pieces = 0;
    for (int round = 0; round < 400; ++round) {
        // Letters only, so that pieces grow long: of few letters, of one, or of what the vocabulary was trained on.
        std::string text;
        const std::size_t size = 1 + random() % 150;
        if (round % 4 == 0) text = mixed_text(random, size);
        while (text.size() < size) text += round % 4 == 1 ? 'e' : "etaoinshr"[random() % 9];
        for (const std::string_view piece : pieces_of("qwen2", text)) {
            long_pieces += piece.size() > 64;

            ASSERT_EQ(tokens_of(tokenizer, piece), naive_tokens(sample_vocabulary(), piece)) << piece;
        }
    }
    EXPECT_GT(long_pieces, 100U);
}

TEST(BpeTokenizer, EveryTrainedTokenIsReachedFromItsBytes) {
    const Tokenizer& tokenizer = sample_tokenizer();
    std::size_t reached = 0;
    for (TokenId id = 0; id < 1198; ++id) {
        const std::string_view bytes = tokenizer.bytes_of(id);
        if (pieces_of("qwen2", bytes).size() != 1) continue;  // ends inside a character, which alone is no letter
        ASSERT_THAT(tokens_of(tokenizer, bytes), ElementsAre(id)) << bytes;
        ++reached;
    }
    EXPECT_GT(reached, 1000U);
}

TEST(BpeTokenizer, AnyBytesComeBackFromTheirTokens) {
    const Tokenizer& tokenizer = sample_tokenizer();
    std::mt19937_64 random(23);
    for (int round = 0; round < 1000; ++round) {
        const std::string text = random_bytes(random, 1 + random() % 500);

        ASSERT_EQ(text_of(tokenizer, tokens_of(tokenizer, text)), text) << "round " << round;
    }
    const std::string repository = repository_text();
    EXPECT_EQ(text_of(tokenizer, tokens_of(tokenizer, repository)), repository);
}

TEST(BpeTokenizer, TheWorstTextsAreEncodedInLinearTime) {
    // A quadratic encoder would take hours and fail by the test's time limit.
    const Tokenizer& tokenizer = sample_tokenizer();
    for (const std::string_view unit : {"a", " ", "7", "\n", "\U0001F600", "_", "\xFF", "абв漢字かなabc"}) {
        std::string text;
        while (text.size() < 1 << 20) text += unit;

        EXPECT_EQ(text_of(tokenizer, tokens_of(tokenizer, text)), text) << unit;
    }
}

TEST(BpeTokenizer, ControlTokensAreFoundByNameAndNeverComeFromText) {
    const Tokenizer& tokenizer = sample_tokenizer();
    const TokenId end = tokenizer.find("<|im_end|>");

    EXPECT_EQ(end, static_cast<TokenId>(sample_vocabulary().tokens.size() - 1));
    EXPECT_EQ(tokenizer.find("<|im_start|>"), end - 1);
    EXPECT_TRUE(tokenizer.is_special(end));
    EXPECT_EQ(tokenizer.bytes_of(end), "<|im_end|>");
    EXPECT_EQ(tokenizer.bytes_of(end + 1), "");
    EXPECT_EQ(tokenizer.bytes_of(-1), "");
    for (const TokenId token : tokens_of(tokenizer, "<|im_start|>x<|im_end|>")) EXPECT_LT(token, end - 1);
}

TEST(BpeTokenizer, ManyThreadsMayEncodeAtOnce) {
    const Tokenizer& tokenizer = sample_tokenizer();
    std::mt19937_64 random(3);
    const std::string text = mixed_text(random, 20'000) + std::string(5'000, 'e');
    const std::vector<TokenId> expected = tokens_of(tokenizer, text);
    std::vector<std::vector<TokenId>> found(4);

    {
        std::vector<std::jthread> threads;
        for (auto& tokens : found) {
            threads.emplace_back([&] {
                for (int i = 0; i < 5; ++i) tokens = tokens_of(tokenizer, text);
            });
        }
    }

    for (const auto& tokens : found) EXPECT_EQ(tokens, expected);
}

}  // namespace
}  // namespace forebay::tokenizer
