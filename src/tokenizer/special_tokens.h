// Special tokens: cuts a text at the spellings of control and user-defined tokens, before anything else is done to it.
//
// Threads  any: const after construction.
// Cost     where nothing is found, about a pass of memchr. n log n in the length of the text in the worst case.
// Source   llama.cpp's tokenizer_st_partition for longest_first; tiktoken's and Hugging Face's search for leftmost.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/special_set.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

struct SpecialToken {
    std::string text;  // its spelling; not empty
    TokenId id = -1;
    TokenKind kind = TokenKind::control;  // control, unknown or user_defined
    bool strip_left = false, strip_right = false;
};

// Part of a text: a special token (`text` is its spelling there, with the white space that it swallowed), or text
// between special tokens, never empty.
struct Segment {
    std::string_view text;
    TokenId token = -1;  // -1: ordinary text

    bool operator==(const Segment&) const = default;
};

// The special tokens of `vocabulary`, by id.
std::vector<SpecialToken> special_tokens_of(const Vocabulary& vocabulary);

class SpecialTokens {
public:
    SpecialTokens() = default;
    // `tokens` by id, ascending: which of two tokens of equal length is cut first depends on it, as in llama.cpp.
    SpecialTokens(const std::vector<SpecialToken>& tokens, SpecialOrder order);

    // True where `specials` leaves nothing to be found in any text: then cut() need not be called.
    bool none(Specials specials) const { return set_of(specials).empty(); }

    // Appends the segments of `text`, in order; they cover it. With Specials::as_text, only user-defined tokens are
    // cut. Nothing is appended for an empty text. Texts below 4 GiB.
    void cut(std::vector<Segment>& out, std::string_view text, Specials specials) const;

    // Whether what is before byte `at` and what is behind it may be cut apart first and searched each alone: no special
    // token, with the white space that it swallows, can lie across, whatever follows `text`.
    bool may_cut(std::string_view text, std::size_t at, Specials specials) const {
        return set_of(specials).may_cut(text, at);
    }

private:
    const SpecialSet& set_of(Specials specials) const { return specials == Specials::as_text ? always_ : all_; }

    SpecialSet always_;  // the user-defined ones
    SpecialSet all_;
};

}  // namespace forebay::tokenizer
