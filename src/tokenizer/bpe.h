// Byte-level BPE encoding with a merge list, as llama.cpp does it for GGUF vocabularies of model "gpt2": the same ids
// for any text of valid UTF-8. Time is linear in the text's size, whatever the text.
//
// Threads  any: const after construction. A thread that met a long piece keeps some working memory, at most a few MiB.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_trainer.h"

namespace forebay::tokenizer {

class BpeTokenizer {
public:
    // `vocabulary` has passed check_vocabulary, as those of train_bpe do.
    explicit BpeTokenizer(BpeVocabulary vocabulary);
    ~BpeTokenizer();
    BpeTokenizer(BpeTokenizer&&) noexcept;
    BpeTokenizer& operator=(BpeTokenizer&&) noexcept;

    const BpeVocabulary& vocabulary() const;
    // Ordinary text: spellings of control tokens are text like any other. Any bytes encode, invalid UTF-8 too (which
    // llama.cpp replaces by U+FFFD instead). A single word of more than 1 GiB is cut there.
    void append_tokens(std::vector<TokenId>& out, std::string_view text) const;
    // The bytes behind a token; control tokens give their spelling. Out of range: an empty string.
    std::string_view bytes_of(TokenId token) const;
    // The id of a control token, or -1.
    TokenId control(std::string_view text) const;

private:
    struct Impl;
    std::unique_ptr<const Impl> impl_;
};

}  // namespace forebay::tokenizer
