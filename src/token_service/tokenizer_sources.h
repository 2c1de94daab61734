// Where a TokenizerSet's tokenizers really come from: the program itself, files, and llama.cpp for rare kinds.
#pragma once
#include <string>

#include "token_service/tokenizer_set.h"

namespace forebay::token_service {

// `cache_folder` keeps tables that were built of files (tokenizer/open_tokenizer.h); empty: none are kept.
TokenizerSet::Sources system_sources(std::string cache_folder);

// A GGUF, tokenizer.json or .tiktoken file. As open_tokenizer_blocking, with llama.cpp for the kinds of GGUF vocabulary
// that it does not read. Blocks.
Result<tokenizer::TokenizerPtr> open_file_blocking(const std::string& file, const std::string& cache_folder);

}  // namespace forebay::token_service
