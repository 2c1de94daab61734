// The layout of a TokenTable's bytes: a header, then sections at multiples of 64. For token_table.cpp and
// table_writer.cpp.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "tokenizer/token_table.h"

namespace forebay::tokenizer {

enum class Section : std::uint8_t {
    pieces,
    piece_filter,
    pairs,
    pair_filter,
    long_prefixes,
    byte_pairs,
    byte_symbols,
    sizes,
    makings,
    token_flags,
    text_offsets,
    text,
    text_index,
    characters,
    expansion_offsets,  // of symbols behind the tokens
    expansions,
    names,  // name, source, splitter: each ends with a zero
    count,
};

struct SectionPlace {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  // bytes
};

struct TableHeader {
    static constexpr std::array<char, 8> expected_magic{'F', 'B', 'T', 'O', 'K', 'E', 'N', 'S'};
    static constexpr std::uint32_t expected_version = 2;

    std::array<char, 8> magic = expected_magic;
    std::uint32_t version = expected_version;
    VocabularyKind kind{};
    std::uint8_t space_prefix = 0, spaces_are_marks = 0, add_begin = 0, add_end = 0;
    SpecialOrder special_order{};
    std::uint8_t has_only_whole = 0, unused = 0;
    TokenId begin = -1, end = -1, unknown = -1;
    std::uint32_t token_bytes_max = 0;
    std::uint64_t size = 0;      // of all
    std::uint64_t checksum = 0;  // of what follows the header
    std::uint64_t tokens = 0, symbols = 0;
    std::array<SectionPlace, static_cast<std::size_t>(Section::count)> sections{};

    const SectionPlace& at(Section section) const { return sections[static_cast<std::size_t>(section)]; }
    SectionPlace& at(Section section) { return sections[static_cast<std::size_t>(section)]; }
};

inline constexpr std::size_t table_alignment = 64;
inline constexpr std::size_t table_header_bytes = (sizeof(TableHeader) + 63) / 64 * 64;

// Bits of a token's flags; the lowest three are its TokenKind.
inline constexpr std::uint8_t flag_kind = 7;
inline constexpr std::uint8_t flag_strip_left = 8;
inline constexpr std::uint8_t flag_strip_right = 16;
inline constexpr std::uint8_t flag_piece = 32;       // the token of a piece that has its bytes
inline constexpr std::uint8_t flag_only_whole = 64;  // see TokenTable::only_whole

// A place of the table of characters; empty where the symbol is TokenTable::none.
struct CharacterSlot {
    std::uint32_t bytes = 0;
    Symbol symbol = TokenTable::none;
};

// How long tokens are that begin with the same 15 bytes; empty where `count` is 0. Of more than fit the largest are
// kept: it is for guesses.
struct LongPrefix {
    static constexpr std::size_t sizes_max = 11;
    std::uint64_t hash = 0;
    std::array<std::uint16_t, sizes_max> sizes{};
    std::uint16_t count = 0;
};

inline std::size_t character_place(std::uint32_t bytes, std::size_t slots) {
    return static_cast<std::size_t>((bytes * 0x9E3779B97F4A7C15ULL) >> 32) & (slots - 1);
}

// The size of a character by its first byte alone, as llama.cpp takes it: bytes that are no UTF-8 included.
inline std::size_t character_size(unsigned char first) {
    return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

}  // namespace forebay::tokenizer
