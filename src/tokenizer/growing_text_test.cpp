#include "tokenizer/growing_text.h"

#include <gmock/gmock.h>

#include "base/utf8.h"
#include "tokenizer/sample_texts.h"
#include "tokenizer/test_rig.h"

namespace forebay::tokenizer {
namespace {

BpeVocabulary trained() {
    std::mt19937_64 random(21);
    const std::string text = mixed_text(random, 60'000);
    const std::vector<std::string_view> corpus = {text};
    return *train_bpe(corpus, {.vocabulary = 1000, .control = {"<|im_start|>", "<|im_end|>"}});
}

const Tokenizer& tokenizer() {
    static const TokenizerPtr made = tokenizer_of(trained());
    return *made;
}

// Merges over characters and a space before every text, as Llama 2's.
const Tokenizer& spaced_tokenizer() {
    static const TokenizerPtr made = [] {
        Vocabulary vocabulary;
        vocabulary.kind = VocabularyKind::sentence_piece;
        vocabulary.space_prefix = vocabulary.spaces_are_marks = true;
        const auto add = [&](std::string bytes, TokenKind kind, float score) {
            Token token;
            token.bytes = std::move(bytes);
            token.kind = kind;
            token.score = score;
            vocabulary.tokens.push_back(std::move(token));
        };
        add("<s>", TokenKind::control, 0);
        for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)), TokenKind::byte, 0);
        for (const char* text : {"▁", "a", "b", "c", "▁a", "bc", "▁abc"}) add(text, TokenKind::normal, -1);
        vocabulary.begin = 0;
        return tokenizer_of(vocabulary);
    }();
    return *made;
}

TEST(StreamDecoder, GivesWholeCharactersAndAllOfTheText) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round) {
        const std::string text = mixed_text(random, 1 + random() % 300);
        StreamDecoder decoder(tokenizer());
        std::string all;
        for (const TokenId token : tokens_of(tokenizer(), text)) {
            const std::string part = decoder.add(token).value();
            EXPECT_TRUE(utf8::is_valid(part)) << text;
            all += part;
        }
        EXPECT_EQ(all + decoder.finish(), text);
    }
}

TEST(StreamDecoder, PassesBytesOnThatAreNoCharacterAndWhatIsCutShort) {
    StreamDecoder decoder(tokenizer());
    std::string all;
    for (const TokenId token : tokens_of(tokenizer(), "a\xFF\xE4")) all += decoder.add(token).value();
    EXPECT_EQ(all, "a\xFF");
    EXPECT_EQ(decoder.finish(), "\xE4");
    EXPECT_EQ(decoder.finish(), "");
}

TEST(StreamDecoder, LeavesSpecialTokensOutUnlessTheyAreWanted) {
    const TokenId end = tokenizer().find("<|im_end|>");
    EXPECT_EQ(StreamDecoder(tokenizer()).add(end).value(), "");
    EXPECT_EQ(StreamDecoder(tokenizer(), Specials::as_tokens).add(end).value(), "<|im_end|>");
    EXPECT_EQ(StreamDecoder(tokenizer()).add(end + 1).error().code, Code::invalid_argument);
}

TEST(StreamDecoder, TakesTheSpaceOffThatEncodingPutsBeforeATextAndNoOther) {
    StreamDecoder decoder(spaced_tokenizer());
    std::string all;
    std::vector<TokenId> tokens = {spaced_tokenizer().info().begin};
    spaced_tokenizer().append_tokens(tokens, "abc abc\xC3\xA9");
    for (const TokenId token : tokens) all += decoder.add(token).value();
    EXPECT_EQ(all, "abc abc\xC3\xA9");
}

TEST(GrowingCount, CountsWhatCountingTheWholeTextGives) {
    std::mt19937_64 random(2);
    for (const Specials specials : {Specials::as_text, Specials::as_tokens}) {
        for (int round = 0; round < 30; ++round) {
            const EncodeOptions options{.specials = specials, .add_begin_end = round % 2 == 0};
            GrowingCount counter(tokenizer(), options);
            std::string all;
            while (all.size() < 15'000) {
                std::string part = mixed_text(random, 1 + random() % 900);
                if (random() % 4 == 0) part += "<|im_end|>";
                counter.append(part);
                all += part;
            }
            ASSERT_EQ(counter.count(), tokenizer().count(all, options)) << "round " << round;
        }
    }
}

TEST(GrowingCount, CountsWhereThereIsNowhereToCut) {
    GrowingCount counter(spaced_tokenizer());
    std::string all;
    for (int i = 0; i < 3000; ++i) {
        counter.append(i % 7 == 0 ? " abc" : "bc");
        all += i % 7 == 0 ? " abc" : "bc";
    }
    EXPECT_EQ(counter.count(), spaced_tokenizer().count(all));
}

TEST(GrowingCount, CutsNowhereThatWhiteSpaceDecidesLater) {
    // Alone, both newlines are one piece; before a letter they may be two.
    for (const std::string_view text :
         {"\n\n。asoygdewku!<0x0A", "\t\t;\x0B destqqbqrljr\\'R", "a \u3000\u3000b c defghijklmnopqr"}) {
        const std::size_t cut = tokenizer().last_cut(text);
        EXPECT_EQ(tokenizer().count(text.substr(0, cut)) + tokenizer().count(text.substr(cut)),
                  tokenizer().count(text));
    }
}

TEST(Offsets, AreRefusedWhereTokensHaveNoPlaceOfTheirOwn) {
    std::vector<TokenId> tokens;
    // The broken character takes the mark that stands for a space apart.
    const auto offsets = spaced_tokenizer().append_with_offsets(tokens, "\xE4  ");
    ASSERT_FALSE(offsets.has_value());
    EXPECT_EQ(offsets.error().code, Code::unavailable);
    EXPECT_TRUE(tokens.empty());
    EXPECT_TRUE(spaced_tokenizer().append_with_offsets(tokens, "abc \u2581 a").has_value());
}

TEST(FittingSize, IsTheLongestBeginningOfWholeCharactersThatFits) {
    std::mt19937_64 random(3);
    for (const Tokenizer* each : {&tokenizer(), &spaced_tokenizer()}) {
        for (int round = 0; round < 100; ++round) {
            const std::string text = mixed_text(random, 1 + random() % 300);
            const std::size_t count = each->count(text);
            const std::size_t limit = random() % (count + 2);
            const std::size_t size = fitting_size(*each, text, limit);

            ASSERT_LE(each->count(text.substr(0, size)), limit) << text;
            ASSERT_TRUE(utf8::is_valid(text.substr(0, size)));
            if (limit >= count) ASSERT_EQ(size, text.size());
            // Not much is given away: what one more token holds would be too much for most.
            if (limit > 4) ASSERT_GT(size, 0U);
        }
    }
}

}  // namespace
}  // namespace forebay::tokenizer
