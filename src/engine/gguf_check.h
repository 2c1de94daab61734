// A look at a GGUF file before llama.cpp maps it: what is wrong is said in words, and a file shorter than
// its tensors never reaches code that would read past its end.
#pragma once
#include <cstdint>
#include <string>

#include "base/error.h"

namespace forebay::engine {

// The file's size in bytes. not_found: no such file. invalid_argument: not a GGUF file, of a version that
// llama.cpp does not read, damaged metadata, or truncated. Blocks for the time of reading the metadata.
Result<std::uint64_t> check_gguf_blocking(const std::string& path);

}  // namespace forebay::engine
