// Hashes: SHA-256 for content addresses and stored secrets, XXH3 for checksums.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace forebay {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256& digest);

// XXH3, 64 bit: finds damage, not tampering.
std::uint64_t checksum(std::string_view bytes);

// True when both are equal; takes the same time wherever they differ.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace forebay
