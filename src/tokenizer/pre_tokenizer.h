// Pre-tokenizers: where a text is cut before BPE, hand-written scanners without regex.
#pragma once
#include <cstddef>
#include <string_view>

namespace forebay::tokenizer {

// The size of the first piece of `text` (not empty) by Qwen2's rule:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// Bytes that are not UTF-8 count as one character each of no class. At least 1.
std::size_t next_piece_qwen2(std::string_view text);

}  // namespace forebay::tokenizer
