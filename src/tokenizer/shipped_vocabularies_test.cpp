// The vocabularies that llama.cpp ships: the ids of its own examples, and those of its library on text of many kinds.
#include <gmock/gmock.h>
#include <llama-cpp.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/utf8.h"
#include "tokenizer/open_tokenizer.h"
#include "tokenizer/sample_texts.h"

namespace forebay::tokenizer {
namespace {

std::string shipped(std::string_view name) {
    return fmt::format("{}/ggml-vocab-{}.gguf", FOREBAY_LLAMA_MODELS_FOLDER, name);
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

class ShippedVocabularies : public testing::TestWithParam<std::string_view> {
protected:
    void SetUp() override {
        const std::string path = shipped(GetParam());
        Result<TokenizerPtr> opened = open_tokenizer_blocking(path);
        ASSERT_TRUE(opened) << opened.error().message;
        ours_ = *opened;
        llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
        llama_model_params parameters = llama_model_default_params();
        parameters.vocab_only = true;
        parameters.n_gpu_layers = 0;
        model_.reset(llama_model_load_from_file(path.c_str(), parameters));
        ASSERT_TRUE(model_);
    }

    std::vector<TokenId> ours(std::string_view text, EncodeOptions options) const {
        std::vector<TokenId> tokens;
        ours_->append_tokens(tokens, text, options);
        return tokens;
    }

    std::vector<TokenId> theirs(std::string_view text, EncodeOptions options) const {
        std::vector<TokenId> tokens(3 * text.size() + 16);
        const std::int32_t count = llama_tokenize(
            llama_model_get_vocab(model_.get()), text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
            static_cast<std::int32_t>(tokens.size()), options.add_begin_end, options.specials == Specials::as_tokens);
        EXPECT_GE(count, 0);
        tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
        return tokens;
    }

    void expect_same(std::string_view text) const {
        for (const Specials specials : {Specials::as_text, Specials::as_tokens}) {
            const EncodeOptions options{.specials = specials, .add_begin_end = specials == Specials::as_tokens};
            const std::vector<TokenId> tokens = ours(text, options);
            ASSERT_EQ(tokens, theirs(text, options)) << "text: " << text;
            ASSERT_EQ(ours_->count(text, options), tokens.size()) << "text: " << text;
        }
    }

    TokenizerPtr ours_;
    llama_model_ptr model_;
};

// Those with examples beside them.
class ShippedExamples : public ShippedVocabularies {};

TEST_P(ShippedExamples, LlamasOwnExamplesGetTheirIds) {
    const std::string inputs = contents(shipped(GetParam()) + ".inp");
    const std::string outputs = contents(shipped(GetParam()) + ".out");
    ASSERT_FALSE(inputs.empty());
    constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
    std::size_t examples = 0, output_at = 0;
    for (std::size_t at = 0; at < inputs.size(); ++examples) {
        const std::size_t end = std::min(inputs.find(separator, at), inputs.size());
        const std::string text = inputs.substr(at, end - at);
        std::vector<TokenId> ids;
        const std::size_t output_end = std::min(outputs.find('\n', output_at), outputs.size());
        std::istringstream numbers(outputs.substr(output_at, output_end - output_at));
        for (TokenId id = 0; numbers >> id;) ids.push_back(id);

        EXPECT_EQ(ours(text, {}), ids) << text;

        at = end + separator.size();
        output_at = output_end + 1;
    }
    EXPECT_GT(examples, 30U);
}

TEST_P(ShippedVocabularies, TextsOfAllKindsGetTheIdsOfLlama) {
    std::mt19937_64 random(77);
    expect_same("");
    for (const std::string& snippet : snippets()) expect_same(snippet);
    for (int round = 0; round < 150; ++round) expect_same(mixed_text(random, 1 + random() % 400));

    std::vector<std::string> specials;
    for (TokenId token = 0; static_cast<std::size_t>(token) < ours_->info().vocabulary; ++token) {
        const auto attributes = llama_vocab_get_attr(llama_model_get_vocab(model_.get()), token);
        constexpr int special = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_USER_DEFINED;
        if ((attributes & special) != 0) {
            specials.emplace_back(llama_vocab_get_text(llama_model_get_vocab(model_.get()), token));
        }
    }
    ASSERT_FALSE(specials.empty());
    for (int round = 0; round < 150; ++round) {
        std::string text;
        for (int part = 0; part < 6; ++part) {
            const std::string& special = specials[random() % specials.size()];
            // Whole, or so that the next one completes it or overlaps it.
            const std::string part_of_it = special.substr(0, random() % special.size());
            text += random() % 4 == 0 ? part_of_it.substr(0, utf8::whole_prefix_size(part_of_it)) : special;
            if (random() % 3 == 0) text += " \n"[random() % 2];
            if (random() % 3 == 0) text += mixed_text(random, 10);
        }
        expect_same(text);
    }
}

std::string name_of(const testing::TestParamInfo<std::string_view>& parameter) {
    std::string name(parameter.param);
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Gguf, ShippedVocabularies,
                         testing::Values("aquila", "baichuan", "command-r", "deepseek-coder", "deepseek-llm", "falcon",
                                         "gemma-4", "gpt-2", "gpt-neox", "llama-bpe", "llama-spm", "mpt", "phi-3",
                                         "qwen2", "qwen35", "refact", "starcoder"),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Gguf, ShippedExamples,
                         testing::Values("command-r", "deepseek-coder", "deepseek-llm", "falcon", "gemma-4", "gpt-2",
                                         "llama-bpe", "llama-spm", "mpt", "phi-3", "qwen2", "qwen35", "refact",
                                         "starcoder"),
                         name_of);

}  // namespace
}  // namespace forebay::tokenizer
