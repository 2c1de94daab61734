// What a pre-tokenizer needs to know of a character: one lookup gives a set of properties.
//
// Threads  any.
// Source   the general categories and White_Space of ICU, with the characters that newer versions of Unicode added.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace forebay::tokenizer {

using CharacterBits = std::uint8_t;

// The bits of CharacterBits; none is set for controls, unassigned and private characters.
namespace is {
inline constexpr CharacterBits upper = 1;         // \p{Lu} and \p{Lt}
inline constexpr CharacterBits lower = 2;         // \p{Ll}
inline constexpr CharacterBits other_letter = 4;  // \p{Lm} and \p{Lo}
inline constexpr CharacterBits letter = upper | lower | other_letter;
inline constexpr CharacterBits mark = 8;           // \p{M}
inline constexpr CharacterBits number = 16;        // \p{N}
inline constexpr CharacterBits punctuation = 32;   // \p{P}
inline constexpr CharacterBits symbol = 64;        // \p{S}
inline constexpr CharacterBits white_space = 128;  // \s, "\r" and "\n" included
}  // namespace is

// A value for each code point, at 256 bytes for each distinct block of 256 code points. Most of the 4,352 blocks are
// uniform or equal to another one.
class CharacterTable {
public:
    static constexpr std::size_t code_points = 0x110000;
    static constexpr std::size_t block_size = 256;

    // `values` has code_points entries.
    explicit CharacterTable(const std::vector<std::uint8_t>& values);

    // `character` is below code_points.
    std::uint8_t at(char32_t character) const {
        return values_[std::size_t{block_of_[character / block_size]} * block_size + character % block_size];
    }

private:
    std::array<std::uint16_t, code_points / block_size> block_of_{};
    std::vector<std::uint8_t> values_;  // the distinct blocks
};

// Each vocabulary splits by the version of Unicode that its own tools have, whatever version the ICU beside us has.
enum class UnicodeVersion : std::uint8_t {
    v15_1,  // llama.cpp's tables
    v16_0,  // the regex crate of tiktoken 1.0.22 on npm; symbols and punctuation stay those of 15.1
};

class UnicodeClasses {
public:
    // Made on first use, in some milliseconds.
    static const UnicodeClasses& get(UnicodeVersion version = UnicodeVersion::v15_1);

    // No bits for what is not a code point.
    CharacterBits bits(char32_t character) const {
        return character < CharacterTable::code_points ? table_.at(character) : CharacterBits{0};
    }

private:
    explicit UnicodeClasses(UnicodeVersion version);

    CharacterTable table_;
};

}  // namespace forebay::tokenizer
