// Texts that tokenizers stumble over, made from a seed: what pre-tokenizers cut at, in every neighbourhood.
#pragma once
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::differential {

using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

// Up to `bytes_max` bytes, and what the last character needs more, of whole characters from anywhere in `text`.
std::string_view some_part(Random& random, std::string_view text, std::size_t bytes_max);

// Short spellings: white space of every kind, digits, letters of odd classes, marks, contractions, emoji, punctuation.
const std::vector<std::string>& hard_parts();

// Valid UTF-8 of up to `parts_max` hard parts, runs of one, random characters and `more` (spellings of special tokens).
std::string hard_text(Random& random, std::size_t parts_max, const std::vector<std::string>& more);

// `text`, valid UTF-8, with a few parts taken out, doubled, moved, changed in case or replaced by hard ones; valid too.
std::string mutated(Random& random, std::string_view text, const std::vector<std::string>& more);

// Any bytes: hard text with bytes changed, or nothing but random bytes.
std::string random_bytes(Random& random, std::size_t size);

// Every text of `length` parts from a small alphabet of white space, digits, letters and apostrophes; `index` below
// lattice_size(length).
std::size_t lattice_size(std::size_t length);
std::string lattice_text(std::size_t length, std::size_t index);

// Every `step`th code point of those that have properties of their own, and every `step` * 64th of the rest
// (ideographs, syllables, what is private or unassigned); with step 0 all there are. Each between neighbours that show
// its class, `count` a text.
std::vector<std::string> code_point_texts(std::size_t step, std::size_t count);

// Parts of at most `bytes`, cut between characters.
std::vector<std::string_view> documents_of(std::string_view text, std::size_t bytes);

}  // namespace forebay::differential
