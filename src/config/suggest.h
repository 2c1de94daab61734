// "did you mean": the closest word by edit distance.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::config {

// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string
// alignment). Anything above `limit` is reported as limit + 1. O(|a|·|b|), at once when the lengths
// alone differ by more than the limit.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// The candidate that `word` most likely meant: letter case and '-' against '_' do not count, otherwise
// at most 2 edits (1 for words of up to 4 letters). None when nothing is that close.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace forebay::config
