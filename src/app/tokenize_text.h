// Tokens as text and JSON, for `forebay tokenize`. Pure.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace forebay::app {

// A token's bytes on one line of a terminal: line ends, tabs, quotes and backslashes escaped as in C, bytes that are no
// UTF-8 and control characters as \xHH.
std::string escaped(std::string_view bytes);

// A line a token: its id and its text in quotes. `colours`: neighbours differ in colour.
std::string piece_lines(const tokenizer::Tokenizer& tokenizer, std::span<const tokenizer::TokenId> tokens,
                        bool colours);

// A stretch of a text that two tokenizers cut differently: between places where both cut.
struct Difference {
    std::size_t begin = 0, end = 0;  // bytes
    std::vector<tokenizer::TokenId> left, right;
};

// unavailable: one of the two does not know its tokens' places.
Result<std::vector<Difference>> differences_of(const tokenizer::Tokenizer& left, const tokenizer::Tokenizer& right,
                                               std::string_view text, tokenizer::Specials specials);

// What one tokenizer makes of one input.
struct InputCount {
    std::string file;  // "-": standard input
    std::size_t bytes = 0;
    std::size_t left = 0, right = 0;  // tokens; `right` of a comparison
};
// A table with a line an input and, of several, a total.
std::string comparison_table(std::string_view left, std::string_view right, const std::vector<InputCount>& counts);
std::string to_json(std::string_view left, std::string_view right, const InputCount& count);

}  // namespace forebay::app
