// The text that the story model is computed from.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace forebay::tiny {

// A word or a punctuation mark, in order of appearance; spelling decides identity.
using Sentence = std::vector<std::string>;

// Sentences of `text`, each ending in its full stop. Words are separated by spaces or line ends.
std::vector<Sentence> read_sentences(std::string_view text);

}  // namespace forebay::tiny
