// What a pre-tokenizer needs to know of a character: letter, number, white space or none of them.
//
// Threads  any.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace forebay::tokenizer {

enum class CharacterClass : std::uint8_t {
    other,       // none of the rest, unassigned code points included
    letter,      // \p{L}
    number,      // \p{N}
    whitespace,  // \s, but for the two below
    newline,     // "\r" and "\n"
};

// Unicode 15.1, whatever version the ICU beside it has: llama.cpp's tables are of that version, and a vocabulary must
// split a text the same way everywhere.
class UnicodeClasses {
public:
    // Made on first use, in about a millisecond.
    static const UnicodeClasses& get();

    CharacterClass of(char32_t character) const {
        if (character >= code_points) return CharacterClass::other;
        return classes_[std::size_t{block_of_[character / block_size]} * block_size + character % block_size];
    }

private:
    static constexpr std::size_t code_points = 0x110000;
    static constexpr std::size_t block_size = 256;

    UnicodeClasses();

    std::array<std::uint16_t, code_points / block_size> block_of_{};
    std::vector<CharacterClass> classes_;  // the distinct blocks
};

}  // namespace forebay::tokenizer
