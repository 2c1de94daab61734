// UTF-8: where one character ends, for output that must never split one.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace forebay::utf8 {

// Bytes of the valid character at the start of `text` (1 to 4), or 0 where none starts there: stray
// continuation, overlong form, surrogate, above U+10FFFF, or cut short (Unicode 15, table 3-7).
std::size_t sequence_size(std::string_view text);

// The longest prefix of `text` that does not end inside a character. Invalid bytes count as whole
// characters, so that they are passed on and never held back for ever.
std::size_t whole_prefix_size(std::string_view text);

bool is_valid(std::string_view text);

// Appends the sequence of `character`, which is below 0x110000; surrogates too get their three bytes.
void append(std::string& out, char32_t character);

// `text` with each invalid byte replaced by U+FFFD.
std::string sanitized(std::string_view text);

}  // namespace forebay::utf8
