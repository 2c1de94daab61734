// Parts that many rules share.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "tokenizer/byte_scan.h"
#include "tokenizer/splitters/reader.h"

namespace forebay::tokenizer {

// How "'s", "'ll" and the like are recognised.
enum class Contractions {
    none,
    exact,    // in lower case alone
    ascii,    // in either case
    unicode,  // also with what folds to one of the letters: U+017F, a long s
};

// 's|'t|'re|'ve|'m|'ll|'d at `at`, where an apostrophe stands: its size, or 0.
template <Contractions How>
std::size_t contraction_size(const Reader& reader, std::size_t at) {
    constexpr unsigned char fold = How == Contractions::exact ? 0 : 0x20;
    if constexpr (How == Contractions::none) return 0;
    const auto letter = [&](std::size_t i) -> unsigned char {
        const unsigned char byte = reader.byte(at + i);
        return byte < 0x80 ? byte | fold : 0;
    };
    const unsigned char second = letter(2);
    switch (letter(1)) {
        case 's':
        case 't':
        case 'm':
        case 'd': return 2;
        case 'r':
        case 'v': return second == 'e' ? 3 : 0;
        case 'l': return second == 'l' ? 3 : 0;
        default: break;
    }
    if constexpr (How == Contractions::unicode) {
        if (reader.byte(at + 1) == 0xC5 && reader.byte(at + 2) == 0xBF) return 3;
    }
    return 0;
}

// \s+(?!\S)|\s+ from `at` on, where white space starts. A piece's last space belongs to what follows, but before
// characters of `Apart`, at which an earlier rule has cut the text.
template <Kind Apart = 0>
std::size_t spaces_end(const Reader& reader, std::size_t at, Kind spaces = kind::space) {
    const std::size_t start = at;
    std::size_t last = at;
    Character next = reader.at(at);
    for (; next.is(spaces) && !next.is(Apart); next = reader.at(at)) {
        last = at;
        at += next.size;
    }
    const bool followed = next.size > 0 && !next.is(Apart);
    return followed && last > start ? last : at;
}

// \s*[\r\n]+|\s+(?!\S)|\s+, as above.
template <Kind Apart = 0>
std::size_t lines_or_spaces_end(const Reader& reader, std::size_t at) {
    const std::size_t start = at;
    std::size_t last = at;
    std::size_t lines_end = 0;
    Character next = reader.at(at);
    for (; next.is(kind::space) && !next.is(Apart); next = reader.at(at)) {
        last = at;
        at += next.size;
        if (next.is(kind::newline)) lines_end = at;
    }
    if (lines_end > 0) return lines_end;
    const bool followed = next.size > 0 && !next.is(Apart);
    return followed && last > start ? last : at;
}

// The end of the number that starts at `at`: of its first `Max` characters, or of all where Max is 0.
template <std::size_t Max>
std::size_t number_end(const Reader& reader, std::size_t at) {
    if constexpr (Max == 0) return reader.run_end(at, kind::number);
    for (std::size_t count = 0; count < Max; ++count) {
        const Character next = reader.at(at);
        if (!next.is(kind::number)) break;
        at += next.size;
    }
    return at;
}

// Groups of three from the right: the first group has what is left over. `at` is in a number, at its start, at a
// group's or where two characters differ in their `Parts`, at which another rule has cut the number.
template <Kind Parts = 0>
std::size_t right_group_end(const Reader& reader, std::size_t at) {
    // At a group's start what follows is whole groups: looking back saves counting a long number for each call. Where
    // each character differs from the last in its Parts there is no telling, and each call counts what is left of the
    // number: a long one is slow then.
    const Character before = reader.before(at);
    const bool is_group = before.is(kind::number) && ((before.kind ^ reader.at(at).kind) & Parts) == 0;
    const std::size_t left_over = is_group ? 0 : reader.numbers_from(at) % 3;
    for (std::size_t size = left_over == 0 ? 3 : left_over; size > 0; --size) at += reader.at(at).size;
    return at;
}

// The usual kinds; rules change what they need to.
inline Kind usual_kind(char32_t character, CharacterBits bits) {
    if (character == '\r' || character == '\n') return kind::newline;
    if ((bits & is::letter) != 0) return kind::letter;
    if ((bits & is::number) != 0) return kind::number;
    return (bits & is::white_space) != 0 ? kind::blank : kind::other;
}

// The places that follow one of `set`.
constexpr std::uint64_t after(std::uint64_t set) { return set << 1; }
// The lowest bits, `count` of them; count is below 64.
constexpr std::uint64_t lowest_bits(unsigned count) { return (std::uint64_t{1} << count) - 1; }
constexpr std::uint64_t bit(unsigned place) { return std::uint64_t{1} << place; }
// The place of the highest of `set`, which is not empty.
constexpr unsigned highest(std::uint64_t set) { return 63U - static_cast<unsigned>(std::countl_zero(set)); }
constexpr unsigned lowest(std::uint64_t set) { return static_cast<unsigned>(std::countr_zero(set)); }

// Where numbers of at most `Max` digits start, or whole runs of digits where Max is 0.
template <std::size_t Max>
std::uint64_t number_starts(std::uint64_t digits) {
    static_assert(Max == 0 || Max == 1 || Max == 3);
    if constexpr (Max == 1) return digits;
    std::uint64_t starts = digits & ~after(digits);
    if constexpr (Max == 0) return starts;
    const std::uint64_t two = digits & after(digits);
    const std::uint64_t fourth = two & (two << 2);  // digits behind three others
    for (std::uint64_t next = (starts << 3) & fourth; next != 0; next = (next << 3) & fourth) starts |= next;
    return starts;
}

// Where words start by [^\r\n\p{L}\p{N}]?\p{L}+: white space before a word belongs to it, and so does one other
// character which is not part of something longer; the rest of what is before a word is a piece of its own.
inline std::uint64_t word_starts(const ByteMasks& masks, std::uint64_t letters, std::uint64_t others) {
    const std::uint64_t longer = others & after(others | masks.space);
    return letters & ~after(letters) & after(masks.digit | masks.newline | longer);
}

// Where pieces of white space start by ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, but for the last of
// several spaces. `NewlinesFollow`: with the [\r\n]*.
template <bool NewlinesFollow>
std::uint64_t line_starts(std::uint64_t newlines, std::uint64_t blanks, std::uint64_t others) {
    const std::uint64_t spaces = newlines | blanks;
    std::uint64_t starts = (spaces & ~after(spaces)) & ~(NewlinesFollow ? newlines & after(others) : 0);
    // What stands between a newline and the next character that is no white space is a piece; what stands between two
    // newlines is not, unless the first of them belongs to the piece before.
    const std::uint64_t indents = blanks & after(newlines);
    starts |= indents;
    std::uint64_t inner = (blanks + indents) & ~blanks & newlines;
    for (; inner != 0; inner &= inner - 1) {
        const unsigned start = highest(indents & lowest_bits(lowest(inner)));
        const std::uint64_t before = ~newlines & lowest_bits(start);
        const bool taken = NewlinesFollow && before != 0 && (others >> highest(before) & 1) != 0;
        if (!taken) starts &= ~bit(start);
    }
    return starts;
}

// Which cuts of a block hold whatever stands behind it: all, but within white space at its end, whose first place is
// one of them.
inline std::uint64_t settled_places(std::uint64_t spaces, unsigned block_bytes) {
    const auto trailing = static_cast<unsigned>(std::countl_one(spaces << (64 - block_bytes)));
    if (trailing >= block_bytes) return 0;
    const unsigned settled = block_bytes - trailing;
    return trailing == 0 ? ~std::uint64_t{0} >> (64 - block_bytes) : lowest_bits(settled) | bit(settled);
}

}  // namespace forebay::tokenizer
