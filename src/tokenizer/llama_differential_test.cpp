// The same ids as llama.cpp, on vocabularies of ours and on Qwen2's own.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/utf8.h"
#include "tokenizer/llama_vocabulary.h"
#include "tokenizer/sample_texts.h"
#include "tokenizer/test_rig.h"

namespace forebay::tokenizer {
namespace {

// One vocabulary, in both.
struct Both {
    explicit Both(const BpeVocabulary& vocabulary)
        : ours(tokenizer_of(vocabulary)), theirs(LlamaVocabulary::of(vocabulary)) {}
    Both(const BpeVocabulary& vocabulary, const std::string& file)
        : ours(tokenizer_of(vocabulary)), theirs(LlamaVocabulary::in_file(file)) {}

    std::vector<TokenId> our_tokens(std::string_view text) const { return tokens_of(*ours, text); }

    bool agree(std::string_view text) const { return our_tokens(text) == theirs.tokens_of(text); }

    TokenizerPtr ours;
    LlamaVocabulary theirs;
};

BpeVocabulary trained(std::string_view text, std::uint32_t size) {
    const std::vector<std::string_view> corpus = {text};
    return *train_bpe(corpus, {.vocabulary = size, .control = {"<|pad|>", "<|im_start|>", "<|im_end|>"}});
}

const Both& trained_on_repository() {
    static const Both both(trained(repository_text(), 4096));
    return both;
}

// Merges in many scripts, so that almost every cut between two pieces shows in the ids.
const Both& trained_on_mixture() {
    static const Both both = [] {
        std::mt19937_64 random(77);
        return Both(trained(mixed_text(random, 300'000), 3000));
    }();
    return both;
}

const Both& qwen2() {
    static const Both both = [] {
        const std::string file = FOREBAY_LLAMA_MODELS_FOLDER "/ggml-vocab-qwen2.gguf";
        return Both(read_gguf_vocabulary(file), file);
    }();
    return both;
}

// Lines of at most `size` bytes, cut between characters.
std::vector<std::string_view> parts_of(std::string_view text, std::size_t size) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        parts.push_back(text.substr(0, utf8::whole_prefix_size(text.substr(0, size))));
        text.remove_prefix(parts.back().size());
    }
    return parts;
}

class EachVocabulary : public testing::TestWithParam<const Both& (*)()> {
protected:
    const Both& both() const { return GetParam()(); }
};

TEST_P(EachVocabulary, SnippetsInEveryScriptGetTheSameIds) {
    for (const std::string& snippet : snippets())
        EXPECT_EQ(both().our_tokens(snippet), both().theirs.tokens_of(snippet));
}

TEST_P(EachVocabulary, RealTextAndCodeGetTheSameIds) {
    const std::string text = repository_text();
    for (const std::string_view part : parts_of(text, 4096)) {
        ASSERT_EQ(both().our_tokens(part), both().theirs.tokens_of(part)) << part;
    }
}

TEST_P(EachVocabulary, RandomMixturesOfUnicodeGetTheSameIds) {
    std::mt19937_64 random(1234);
    for (int round = 0; round < 1500; ++round) {
        const std::string text = mixed_text(random, 1 + random() % 400);
        ASSERT_EQ(both().our_tokens(text), both().theirs.tokens_of(text)) << "round " << round << ": " << text;
    }
}

TEST_P(EachVocabulary, LongPiecesGetTheSameIds) {
    std::mt19937_64 random(99);
    for (int round = 0; round < 40; ++round) {
        std::string text;
        const std::string_view letters = round % 2 == 0 ? "ea" : "etaoinshrdlu";
        while (text.size() < 700) text += letters[random() % letters.size()];
        for (const char run : {' ', '\n', '=', '-', 'a'}) text += std::string(50 + random() % 100, run) + "x";
        ASSERT_EQ(both().our_tokens(text), both().theirs.tokens_of(text)) << text;
    }
}

// Overlong forms, surrogates and what lies above U+10FFFF decode to something in llama.cpp; all else that is not UTF-8
// is U+FFFD to it, byte by byte.
TEST_P(EachVocabulary, LlamaGivesInvalidBytesTheIdsThatWeGiveTheirReplacement) {
    std::mt19937_64 random(4321);
    std::size_t invalid = 0;
    for (int round = 0; round < 500; ++round) {
        std::string text = random_bytes(random, 300);
        for (char& byte : text) {
            if (std::string_view("\xC0\xC1\xE0\xED\xF0\xF4\xF5\xF6\xF7").contains(byte)) byte = '\xE5';
        }
        invalid += !utf8::is_valid(text);
        ASSERT_EQ(both().our_tokens(utf8::sanitized(text)), both().theirs.tokens_of(text)) << "round " << round;
    }
    EXPECT_GT(invalid, 100U);
}

TEST_P(EachVocabulary, LlamaTurnsOurIdsIntoTheText) {
    std::mt19937_64 random(31);
    for (int round = 0; round < 100; ++round) {
        const std::string text = random_bytes(random, 300);
        ASSERT_EQ(both().theirs.text_of(both().our_tokens(text)), text) << "round " << round;
    }
}

std::string name_of_vocabulary(const testing::TestParamInfo<const Both& (*)()>& parameter) {
    static constexpr const char* names[] = {"TrainedOnSources", "TrainedOnMixture", "Qwen2"};
    return names[parameter.index];
}

INSTANTIATE_TEST_SUITE_P(Llama, EachVocabulary, testing::Values(trained_on_repository, trained_on_mixture, qwen2),
                         name_of_vocabulary);

TEST(LlamaDifferential, ControlTokensOfATrainedVocabularyAreWhatLlamaParses) {
    const Both& both = trained_on_repository();

    EXPECT_EQ(both.theirs.tokens_of("<|im_start|>", true), std::vector<TokenId>{both.ours->find("<|im_start|>")});
    EXPECT_EQ(both.theirs.tokens_of("<|im_end|>", true), std::vector<TokenId>{both.ours->find("<|im_end|>")});
    EXPECT_EQ(both.theirs.end(), both.ours->find("<|im_end|>"));
    EXPECT_FALSE(both.theirs.adds_begin_or_end());
    EXPECT_TRUE(both.agree("<|im_start|>user\nHi<|im_end|>"));  // plain text for both
}

// Merges that show in the ids whether a character is joined with a mark before or behind it, or a space before it.
BpeVocabulary class_probe() {
    BpeVocabulary vocabulary = trained("x", 259);
    const auto id_of = [&](int byte) {
        const std::string bytes(1, static_cast<char>(byte));
        return static_cast<TokenId>(std::ranges::find(vocabulary.tokens, bytes) - vocabulary.tokens.begin());
    };
    const auto add = [&](int left, int right) {
        vocabulary.merges.emplace_back(id_of(left), id_of(right));
        const std::string bytes = {static_cast<char>(left), static_cast<char>(right)};
        vocabulary.tokens.insert(vocabulary.tokens.end() - 3, bytes);
    };
    for (int byte = 0; byte < 256; ++byte) {
        if (byte == '!' || byte == ' ' || byte == '\n') continue;
        add('!', byte);
        add(' ', byte);
        if (byte < 0xC0) add(byte, '!');
    }
    return vocabulary;
}

// "!c" is one piece for letters and others, "c!" for others, " c" at the end of a line for all but numbers.
std::string probe_line(char32_t character) {
    std::string text;
    utf8::append(text, character);
    return "!" + text + "\n" + text + "!\n " + text + "\n";
}

TEST(LlamaDifferential, EveryCodePointHasTheSameClassAsInLlama) {
    const Both both(class_probe());
    // Letter, number, white space and other, all of two bytes: how many tokens there are tells the class.
    std::set<std::size_t> counts;
    for (const char32_t each : {U'\u00AA', U'\u00BD', U'\u00A0', U'\u00AB'}) {
        counts.insert(both.our_tokens(probe_line(each)).size());
    }
    ASSERT_EQ(counts.size(), 4U);
    std::size_t differences = 0;
    std::string batch;
    std::vector<char32_t> characters;
    for (char32_t character = 0; character < 0x110000; ++character) {
        if (character < 0xD800 || character > 0xDFFF) {
            batch += probe_line(character);
            characters.push_back(character);
        }
        if (characters.size() < 512 && character != 0x10FFFF) continue;
        if (!both.agree(batch)) {
            for (const char32_t each : characters) {
                if (both.agree(probe_line(each))) continue;
                if (++differences <= 20) ADD_FAILURE() << fmt::format("U+{:04X}", static_cast<unsigned>(each));
            }
        }
        batch.clear();
        characters.clear();
    }
    EXPECT_EQ(differences, 0U);
}

TEST(LlamaDifferential, Qwen2sOwnExamplesGetTheirIds) {
    const std::string name = FOREBAY_LLAMA_MODELS_FOLDER "/ggml-vocab-qwen2.gguf";
    const auto read = [](const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const std::string inputs = read(name + ".inp");
    const std::string outputs = read(name + ".out");
    constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
    std::size_t examples = 0;
    std::size_t output_at = 0;
    for (std::size_t at = 0; at < inputs.size(); ++examples) {
        const std::size_t end = std::min(inputs.find(separator, at), inputs.size());
        const std::size_t output_end = std::min(outputs.find('\n', output_at), outputs.size());
        std::string line;
        for (const TokenId token : qwen2().our_tokens(std::string_view(inputs).substr(at, end - at))) {
            line += fmt::format(" {}", token);
        }
        EXPECT_EQ(line, outputs.substr(output_at, output_end - output_at)) << inputs.substr(at, end - at);
        at = end + separator.size();
        output_at = output_end + 1;
    }
    EXPECT_GT(examples, 30U);
}

}  // namespace
}  // namespace forebay::tokenizer
