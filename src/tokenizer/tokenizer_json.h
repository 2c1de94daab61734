// Hugging Face's tokenizer.json with a BPE model: over bytes (GPT-2, Llama 3, Qwen), or over characters with byte
// fallback (Llama 2, Gemma).
//
// A normalizer to NFC is left out, as llama.cpp does: text that is not in that form gets other tokens than with it.
#pragma once
#include <string>
#include <string_view>

#include "base/error.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

// `file` names the source. invalid_argument: not such a file, with the place; unavailable: a model, normalizer,
// pre_tokenizer or pattern that is not built in, which is named.
Result<Vocabulary> parse_tokenizer_json(std::string_view text, const std::string& file);
// The same of a file, and not_found. Blocks.
Result<Vocabulary> read_tokenizer_json_blocking(const std::string& path);

}  // namespace forebay::tokenizer
