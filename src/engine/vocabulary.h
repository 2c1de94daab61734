// The tokenizer of a loaded model: text to tokens and back. Thread-safe; must not outlive the model.
#pragma once
#include <llama.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace forebay::engine {

using Tokens = std::vector<llama_token>;

// What control tokens' spellings in a text become.
enum class Specials { as_tokens, as_text };

class Vocabulary {
public:
    explicit Vocabulary(const llama_model& model);

    // Appends the tokens of `text`. invalid_argument: the text is too long for the tokenizer.
    Result<void> append_tokens(Tokens& tokens, std::string_view text, Specials specials) const;
    // Appends what the model wants before every prompt; nothing for most modern models.
    void append_begin(Tokens& tokens) const;

    // Appends the bytes that `token` stands for: none for a control token, perhaps part of a character.
    void append_bytes(std::string& bytes, llama_token token) const;

    std::int32_t size() const { return size_; }
    bool contains(std::int32_t token) const { return token >= 0 && token < size_; }
    bool ends_generation(llama_token token) const { return llama_vocab_is_eog(vocab_, token); }
    bool adds_begin() const { return llama_vocab_get_add_bos(vocab_); }
    // The token that stands for an empty prompt, or LLAMA_TOKEN_NULL.
    llama_token begin_or_end_token() const;
    // Spellings of all control tokens.
    std::vector<std::string> control_texts() const;

private:
    const llama_vocab* vocab_;
    std::int32_t size_;
};

}  // namespace forebay::engine
