// Durations ("500ms", "30s", "10m", "1h") and sizes ("64MiB", "32KB", "1024"): text to number and back.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::config {

// invalid_argument says what is wrong as the end of a sentence: "has no unit: write 75s or 75ms". It
// never repeats `text` unless that is a bare number.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
Result<std::uint64_t> parse_size(std::string_view text);

// In the largest unit that divides it: "90s", "1h", "64MiB", "1500".
std::string format_duration(std::chrono::milliseconds duration);
std::string format_size(std::uint64_t bytes);

}  // namespace forebay::config
