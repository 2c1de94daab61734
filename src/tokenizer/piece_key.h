// A short piece of text as two numbers, for table look-ups without touching the text again.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace forebay::tokenizer {

// The bytes of a piece, zeros behind them, and its size in the highest byte, which is therefore never zero.
struct PieceKey {
    static constexpr std::size_t bytes_max = 15;
    std::uint64_t low = 0, high = 0;

    friend bool operator==(const PieceKey&, const PieceKey&) = default;
};

// The 16 bytes of a key that are a piece of each size.
struct alignas(16) PieceMask {
    std::uint64_t low = 0, high = 0;
};
inline constexpr std::array<PieceMask, 16> piece_masks = [] {
    std::array<PieceMask, 16> masks{};
    for (std::size_t size = 1; size < 16; ++size) {
        masks[size].low = size >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
        masks[size].high = size <= 8 ? 0 : (std::uint64_t{1} << (8 * (size - 8))) - 1;
    }
    return masks;
}();

// 1 to 15 bytes at `bytes`, behind which 16 bytes can be read.
inline PieceKey piece_key_within(const char* bytes, std::size_t size) {
    PieceKey key;
    std::memcpy(&key.low, bytes, 8);
    std::memcpy(&key.high, bytes + 8, 8);
    key.low &= piece_masks[size].low;
    key.high = (key.high & piece_masks[size].high) | std::uint64_t{size} << 56;
    return key;
}

// The same where only the piece itself can be read.
inline PieceKey piece_key(std::string_view piece) {
    char copy[16] = {};
    std::memcpy(copy, piece.data(), piece.size());
    return piece_key_within(copy, piece.size());
}

// The high bits are good for choosing a place.
inline std::uint64_t hash_of(const PieceKey& key) {
    const std::uint64_t sum = key.low * 0x9E3779B97F4A7C15ULL ^ key.high * 0xC2B2AE3D27D4EB4FULL;
    return sum ^ (sum >> 32) * 0x9E3779B97F4A7C15ULL;
}

}  // namespace forebay::tokenizer
