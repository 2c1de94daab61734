// Text that grows or must fit: tokens to text while they come, the count of a text while it is written, and the part of
// a text that a number of tokens holds.
//
// Threads  one object, one thread at a time.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace forebay::tokenizer {

// Tokens to text that never ends inside a UTF-8 character: what a token has of an incomplete one waits for the next.
// Bytes that cannot become a character are passed on as they are.
class StreamDecoder {
public:
    // `tokenizer` outlives the decoder. With Specials::as_text special tokens give nothing.
    explicit StreamDecoder(const Tokenizer& tokenizer, Specials specials = Specials::as_text)
        : tokenizer_(tokenizer), specials_(specials) {}

    // The text that is complete with `token`; often empty. invalid_argument: the vocabulary has no such id.
    Result<std::string> add(TokenId token);
    // What is left: the beginning of a character whose end never came.
    std::string finish();

private:
    const Tokenizer& tokenizer_;
    Specials specials_;
    std::string waiting_;
    bool first_ = true;
};

// Counts a text that is appended to. Most appends count what is new and the last few words again; where the vocabulary
// has no safe places to cut (SentencePiece), count() counts everything.
class GrowingCount {
public:
    // `tokenizer` outlives the counter.
    explicit GrowingCount(const Tokenizer& tokenizer, EncodeOptions options = {})
        : tokenizer_(tokenizer), options_(options) {}

    void append(std::string_view text);
    // Tokens of all that was appended, exactly as Tokenizer::count has it.
    std::size_t count() const;

private:
    const Tokenizer& tokenizer_;
    EncodeOptions options_;
    std::string rest_;                 // behind the last cut
    std::size_t counted_ = 0;          // tokens before it
    std::size_t settle_bytes_ = 4096;  // of rest_, before the next cut is looked for
};

// The size of the longest beginning of `text`, in whole characters, that ends with one of its first `tokens_max` tokens
// and has no more than that many tokens itself. Cut tokens may merge differently, so it may have fewer.
std::size_t fitting_size(const Tokenizer& tokenizer, std::string_view text, std::size_t tokens_max,
                         EncodeOptions options = {});

}  // namespace forebay::tokenizer
