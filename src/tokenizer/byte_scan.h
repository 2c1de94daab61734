// Byte scan: which of 64 bytes are letters, digits, white space, as bit sets.
//
// Bit i of each set is about byte i. On x86-64 the fastest of three ways is chosen when the program starts (AVX-512BW,
// AVX2, portable); elsewhere there is the portable one alone. All give the same sets.
//
// Threads  any.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace forebay::tokenizer {

struct ByteMasks {
    std::uint64_t upper = 0;       // A to Z
    std::uint64_t lower = 0;       // a to z
    std::uint64_t digit = 0;       // 0 to 9
    std::uint64_t space = 0;       // " " alone
    std::uint64_t blank = 0;       // "\t", "\v", "\f"
    std::uint64_t newline = 0;     // "\r", "\n"
    std::uint64_t apostrophe = 0;  // "'"
    std::uint64_t slash = 0;       // "/"
    // Where a character that is not ASCII may start: a first byte with as many others behind it as it promises, as far
    // as the 64 bytes tell. Other bytes from 0x80 on are in no set.
    std::uint64_t wide = 0;
};

inline constexpr std::size_t scan_block = 64;

// Reads the 64 bytes from `bytes` on, all of which must be readable.
using ByteScan = void (*)(const unsigned char* bytes, ByteMasks& masks);

// The fastest that this processor has.
ByteScan fastest_byte_scan();

struct NamedByteScan {
    std::string_view name;
    ByteScan scan;
};

// All that this processor has, the portable one first. For tests.
std::span<const NamedByteScan> byte_scans();

}  // namespace forebay::tokenizer
