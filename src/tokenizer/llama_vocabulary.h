// A vocabulary as llama.cpp sees it: written into a GGUF file, or found in one, and opened with llama.cpp. For tests.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_trainer.h"

struct llama_model;

namespace forebay::tokenizer {

class LlamaVocabulary {
public:
    // Through a file of its own in the tests' temporary folder, which is gone again when this returns.
    static LlamaVocabulary of(const BpeVocabulary& vocabulary);
    // A GGUF file of model "gpt2" and pre-tokenizer "qwen2".
    static LlamaVocabulary in_file(const std::string& path);
    ~LlamaVocabulary();
    LlamaVocabulary(LlamaVocabulary&&) noexcept = default;

    std::vector<TokenId> tokens_of(std::string_view text, bool with_control = false) const;
    std::string text_of(const std::vector<TokenId>& tokens) const;
    bool adds_begin_or_end() const;
    TokenId end() const;

private:
    explicit LlamaVocabulary(llama_model* model);

    struct Free {
        void operator()(llama_model* model) const;
    };
    std::unique_ptr<llama_model, Free> model_;
};

// The vocabulary of a GGUF file that LlamaVocabulary::in_file opens; tokens behind the merges count as control tokens.
BpeVocabulary read_gguf_vocabulary(const std::string& path);

}  // namespace forebay::tokenizer
