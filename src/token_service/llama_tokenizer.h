// The tokenizers that are not built in, through llama.cpp: WordPiece, unigram, RWKV, PLaMo 2.
//
// Cost     llama.cpp's: some MB/s. No places of tokens, and no cuts for texts that grow.
// Threads  as Tokenizer.
#pragma once
#include <string>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace forebay::token_service {

// Reads the vocabulary of a GGUF file and nothing more. not_found; invalid_argument: not a GGUF file, damaged, or one
// whose vocabulary llama.cpp does not take, with its reason. Blocks.
Result<tokenizer::TokenizerPtr> open_llama_tokenizer_blocking(const std::string& path);

}  // namespace forebay::token_service
