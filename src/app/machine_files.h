// The kernel's small text files, read whole.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::app {

// The content without trailing white space; nothing when it cannot be read. At most 1 MiB.
std::optional<std::string> find_text_blocking(const std::string& file);
std::vector<std::string_view> lines_of(std::string_view text);
// Words between blanks.
std::vector<std::string_view> words_of(std::string_view line);
std::optional<std::uint64_t> find_number(std::string_view text);
// The value of "NAME : VALUE" or "NAME: VALUE", the first one; empty when there is none.
std::string_view field_of(std::string_view text, std::string_view name);

}  // namespace forebay::app
