// Tokenizer: text to tokens and back, whatever the vocabulary behind it.
//
// Floor    2. token_service/ opens them by name, gateway/ and app/ use them.
// Threads  any: const after construction. A thread keeps some 3 MiB for each of the last four that it used.
// Errors   encoding cannot fail: bytes that are not UTF-8 are encoded too, and come back where the vocabulary has byte
//          tokens. Texts of 2 GiB and more are the caller's to refuse.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/token_id.h"

namespace forebay::tokenizer {

// What the spellings of control tokens ("<|im_end|>") in a text become.
enum class Specials { as_text, as_tokens };

struct EncodeOptions {
    Specials specials = Specials::as_text;
    bool add_begin_end = false;  // what the vocabulary wants before and after every text; nothing for most
};

struct TokenizerInfo {
    std::string name;            // "o200k_base", or what the model file says
    std::string kind;            // "byte-level BPE", "SentencePiece BPE", "WordPiece", "unigram", …
    std::string splitter;        // the pre-tokenizer's name; empty: none
    std::string source;          // "built in", or the file
    std::size_t vocabulary = 0;  // ids are below this; not each of them needs to be used
    std::size_t token_bytes_max = 0;
    TokenId begin = -1, end = -1;               // -1: none
    bool adds_begin = false, adds_end = false;  // with EncodeOptions::add_begin_end
};

// A token's place in the text that was encoded, in bytes. Tokens made of no text (begin, end, a space that the
// vocabulary puts before every text) have an empty one.
struct Offset {
    std::size_t begin = 0, end = 0;
};

class Tokenizer {
public:
    virtual ~Tokenizer() = default;

    virtual const TokenizerInfo& info() const = 0;

    virtual void append_tokens(std::vector<TokenId>& out, std::string_view text, EncodeOptions options = {}) const = 0;
    // As many as append_tokens appends.
    virtual std::size_t count(std::string_view text, EncodeOptions options = {}) const = 0;
    // The tokens with their places; an entry per token. unavailable: this kind of vocabulary changes a text before it
    // is cut (WordPiece, unigram), so that places are not known.
    virtual Result<std::vector<Offset>> append_with_offsets(std::vector<TokenId>& out, std::string_view text,
                                                            EncodeOptions options = {}) const = 0;

    // The bytes that a token stands for, perhaps part of a character; those of a control token are its spelling.
    // Out of range, or unused: an empty string.
    virtual std::string_view bytes_of(TokenId token) const = 0;
    virtual bool is_special(TokenId token) const = 0;
    // The id of a token that is spelled so (a control token's spelling, a token's bytes), or -1.
    virtual TokenId find(std::string_view bytes) const = 0;

    // The text of `tokens`; control tokens are left out unless `specials` is as_tokens, which spells them. What
    // encoding puts before every text (a space, a begin token) is taken off again. invalid_argument: an id that the
    // vocabulary does not have, with its place.
    virtual Result<std::string> decode(std::span<const TokenId> tokens, Specials specials) const = 0;

    // Where a text may be cut so that, from the cut on, tokens do not depend on what stands before: counts of both
    // parts add up, whatever follows. The last such place of `text`, or 0. For counting a text that grows.
    virtual std::size_t last_cut(std::string_view text, EncodeOptions options = {}) const = 0;
};

using TokenizerPtr = std::shared_ptr<const Tokenizer>;

}  // namespace forebay::tokenizer
