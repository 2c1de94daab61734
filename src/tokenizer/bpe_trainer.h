// Byte-level BPE from a corpus: which merges make the shortest encoding, most frequent pair first (Sennrich, Haddow and
// Birch, arXiv 1508.07909; over bytes as in GPT-2). Deterministic: equal counts are decided by the pair's ids.
//
// Threads  any; train_bpe works on the caller's, for a second or so per 20 MB of ordinary text.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tokenizer/token_id.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

// A byte-level BPE vocabulary in GPT-2's and GGUF's order: 256 byte tokens, then one token a merge, then the control
// tokens.
struct BpeVocabulary {
    std::vector<std::string> tokens;                  // bytes; control tokens as they are written
    std::vector<std::pair<TokenId, TokenId>> merges;  // merge i makes token 256 + i
    std::vector<std::string> control;                 // the last tokens of `tokens`, e.g. "<|im_end|>"
    std::string pre_tokenizer = "qwen2";              // llama.cpp's name of the splitting rule

    // GPT-2's spelling of bytes as printable characters, as GGUF and tokenizer.json hold them. Control tokens as they
    // are written. Out of range: an empty string.
    std::string printable(TokenId token) const;
};

// For TokenTable::build. `vocabulary` has passed check_vocabulary, as those of train_bpe do.
Vocabulary as_vocabulary(const BpeVocabulary& vocabulary);

// Whether a vocabulary is what the comments above say, so that a tokenizer can be made of it. invalid_argument:
// which token or merge is at fault; also where two tokens have one spelling, or the pre-tokenizer is not "qwen2".
Result<void> check_vocabulary(const BpeVocabulary& vocabulary);

struct BpeOptions {
    std::uint32_t vocabulary = 4096;  // with bytes and control tokens
    std::vector<std::string> control = {};
    std::uint32_t count_least = 2;  // a rarer pair is not merged; the vocabulary may end up smaller
};

// A merge never makes a token that is spelled like a control token.
// invalid_argument: the vocabulary is smaller than bytes and control tokens, a control token is empty, given twice or
// one byte alone, or the corpus is empty. too_large: more than 4 GiB of distinct pieces.
Result<BpeVocabulary> train_bpe(std::span<const std::string_view> corpus, const BpeOptions& options);

}  // namespace forebay::tokenizer
