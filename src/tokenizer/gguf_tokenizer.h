// The vocabulary inside a GGUF model file.
//
// Source   llama.cpp's llama_vocab::impl::load: its defaults by tokenizer model and pre-tokenizer name, the tokens that
// it
//          makes control tokens by their spelling, and the white space that some models' special tokens swallow.
#pragma once
#include <string>

#include "base/error.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

// Reads metadata only; tensors may be missing. not_found: no such file. invalid_argument: not a GGUF file, damaged, or
// without a tokenizer. unavailable: a tokenizer that is not built in (WordPiece, unigram, RWKV, an unknown
// pre-tokenizer …); llama.cpp may have it. Blocks.
Result<Vocabulary> read_gguf_vocabulary_blocking(const std::string& path);

}  // namespace forebay::tokenizer
