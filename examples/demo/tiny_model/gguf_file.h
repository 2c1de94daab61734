// Writing a toy model as a GGUF file.
#pragma once
#include <string>

#include "base/error.h"
#include "weights.h"

namespace forebay::tiny {

inline constexpr std::uint32_t context_tokens = 8192;

// Writes beside `path` and renames, so that a reader never sees half a file. unavailable: the file
// cannot be written.
Result<void> write_gguf(const std::string& path, const std::string& name, const Vocabulary& vocabulary,
                        const Weights& weights);

}  // namespace forebay::tiny
