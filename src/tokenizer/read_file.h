// A whole file of a bounded size as text.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::tokenizer {

// `what` names the file in errors: "rank file". not_found; invalid_argument: not a regular file, unreadable; too_large:
// more than `bytes_max`. Blocks.
Result<std::string> read_file_blocking(const std::string& path, std::string_view what, std::uint64_t bytes_max);

}  // namespace forebay::tokenizer
