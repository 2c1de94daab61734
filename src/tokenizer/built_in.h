// The tokenizers that are part of the program: OpenAI's published encodings. Their tables lie in its read-only data and
// are read from disk where they are touched.
//
// Threads  any.
#pragma once
#include <span>
#include <string_view>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace forebay::tokenizer {

// r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base, o200k_harmony.
std::span<const std::string_view> built_in_names();

// Opened once and shared from then on. not_found: lists the names.
Result<TokenizerPtr> built_in_tokenizer(std::string_view name);

}  // namespace forebay::tokenizer
