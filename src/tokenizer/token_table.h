// TokenTable: what encoding needs of a vocabulary, built once and kept as one flat block of bytes that can be written
// to a file, mapped from one, or be part of the program: opening it copies nothing and parses nothing.
//
// Symbols  what merges join: tokens (their ids), and after them texts that merges pass through without being tokens.
// Threads  any: immutable.
// Format   the machine's own byte order and layout, with a version: a cache, not for exchange. token_table.cpp.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/piece_key.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

using Symbol = std::uint32_t;

struct TableHeader;
struct CharacterSlot;

class TokenTable {
public:
    // Which tokens merges reach, and how, is found here: a fraction of a second for 200,000 tokens.
    // invalid_argument: the token or merge that no table can be made of.
    static Result<TokenTable> build(const Vocabulary& vocabulary);
    // Over bytes that live longer than the table, such as a part of the program; aligned to 64. invalid_argument:
    // not a table, or one of another version.
    static Result<TokenTable> over(std::span<const std::byte> bytes);
    // Maps a file. not_found; invalid_argument: damaged (checksum), or of another version. Blocks.
    static Result<TokenTable> open_blocking(const std::string& file);

    TokenTable(TokenTable&&) noexcept = default;
    TokenTable& operator=(TokenTable&&) noexcept = default;

    // To be written to a file as they are.
    std::span<const std::byte> bytes() const { return bytes_; }

    VocabularyKind kind() const;
    std::string_view name() const;
    std::string_view source() const;
    std::string_view splitter() const;
    SpecialOrder special_order() const;
    bool space_prefix() const;
    bool spaces_are_marks() const;
    bool add_begin() const;
    bool add_end() const;
    TokenId begin() const;
    TokenId end() const;
    TokenId unknown() const;
    std::size_t token_count() const { return token_count_; }
    std::size_t token_bytes_max() const;

    // Below token_count().
    std::string_view text_of(TokenId token) const {
        const auto i = static_cast<std::size_t>(token);
        return {text_ + text_offsets_[i], text_offsets_[i + 1] - text_offsets_[i]};
    }
    TokenKind kind_of(TokenId token) const;
    bool strips_left(TokenId token) const;
    bool strips_right(TokenId token) const;
    // The token whose bytes these are, or -1; of two the later one.
    TokenId find_text(std::string_view bytes) const;

    // A token for a whole piece. The high bit is set where merges alone would not make it, so that it is right for a
    // whole piece only.
    static constexpr std::uint32_t no_piece = UINT32_MAX;
    static constexpr std::uint32_t only_whole = 1U << 31;
    void prefetch_piece(std::uint64_t hash) const { __builtin_prefetch(&pieces_[bucket_of(hash, piece_buckets_)]); }
    // Without branches on which place of a bucket it is, because that cannot be foretold.
    std::uint32_t find_piece(const PieceKey& key, std::uint64_t hash) const {
        for (std::size_t at = bucket_of(hash, piece_buckets_);; at = at + 1 == piece_buckets_ ? 0 : at + 1) {
            const PieceBucket& bucket = pieces_[at];
            std::uint32_t found = 0;
            for (std::size_t i = 0; i < piece_ways; ++i) {
                const bool same = ((bucket.low[i] ^ key.low) | (bucket.high[i] ^ key.high)) == 0;
                found |= ~bucket.value[i] & (same ? ~0U : 0U);
            }
            if (found == 0 && bucket.overflowed != 0) [[unlikely]]
                continue;
            return ~found;
        }
    }
    // False: find_piece would find nothing. Small enough for a second-level cache, and nearly always right when true.
    bool may_be_piece(std::uint64_t hash) const {
        const std::uint64_t bits = filter_bits(hash);
        return (piece_filter_[filter_place(hash, piece_filter_words_)] & bits) == bits;
    }
    // For pieces that no PieceKey holds.
    std::uint32_t find_long_piece(std::string_view piece) const;
    // The sizes of the tokens for pieces that begin with these 15 bytes and are longer, the largest first; by the hash
    // of their key, so that other sizes may be among them.
    std::span<const std::uint16_t> longer_sizes(std::uint64_t hash_of_15_bytes) const;

    // What two neighbouring symbols become; the lowest priority goes first. `none` in priority: nothing.
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Joined {
        std::uint32_t priority = none;
        Symbol symbol = 0;
    };
    // Without branches on which place of a bucket it is, because that cannot be foretold.
    Joined find_pair(Symbol left, Symbol right) const {
        const std::uint64_t key = pair_key(left, right);
        const std::uint64_t hash = pair_hash(key);
        const std::uint64_t bits = filter_bits(pair_filter_hash(hash));
        if ((pair_filter_[filter_place(pair_filter_hash(hash), pair_filter_words_)] & bits) != bits) return {};
        for (std::size_t at = bucket_of(hash, pair_buckets_);; at = at + 1 == pair_buckets_ ? 0 : at + 1) {
            const PairBucket& bucket = pairs_[at];
            std::uint64_t found = 0;
            for (std::size_t i = 0; i < pair_ways; ++i) {
                found |=
                    std::bit_cast<std::uint64_t>(bucket.joined[i]) & (bucket.key[i] == key ? ~std::uint64_t{0} : 0);
            }
            if (bucket.overflowed() && found == 0) [[unlikely]]
                continue;
            const auto joined = std::bit_cast<Joined>(found);
            return {joined.priority - 1, joined.symbol};
        }
    }
    // Byte-level kinds only: of the symbols of two bytes.
    Joined find_byte_pair(unsigned char left, unsigned char right) const {
        return byte_pairs_[std::size_t{left} << 8 | right];
    }

    bool is_byte_level() const { return byte_level_; }
    Symbol symbol_of_byte(unsigned char byte) const { return byte_symbols_[byte]; }
    // Kinds over characters: the symbol of a character given as its bytes, the first one lowest; `none`: it has none.
    Symbol symbol_of_character(std::uint32_t bytes) const;
    // Kinds over characters: symbol_of_byte gives what a byte of a character without a symbol becomes. Such symbols
    // merge with nothing.
    bool is_lone_byte(Symbol symbol) const { return !byte_level_ && symbol - byte_symbols_[0] < 256; }

    // How merges make a symbol of its own text: last of these two, at this priority. Known where each symbol on the way
    // has a better priority than the one made of it, and for symbols that no merge makes (left is `none`, priority 0).
    struct Making {
        Symbol left = none, right = none;
        std::uint32_t priority = unknown_making;
    };
    static constexpr std::uint32_t unknown_making = UINT32_MAX;
    const Making& making_of(Symbol symbol) const { return makings_[symbol]; }
    void prefetch_making(Symbol symbol) const { __builtin_prefetch(&makings_[symbol]); }

    // Bytes of input that a symbol is made of.
    std::uint32_t size_of(Symbol symbol) const { return sizes_[symbol]; }
    // Some tokens are right for whole pieces only.
    bool has_only_whole() const;
    bool has_other_symbols() const { return symbol_count_ > token_count_; }
    // The tokens of a symbol that is none itself; perhaps no tokens at all.
    std::span<const TokenId> tokens_of(Symbol symbol) const;

private:
    friend class TableWriter;
    static constexpr std::size_t piece_ways = 3;
    static constexpr std::size_t pair_ways = 4;

    // One cache line each. An empty place has a zero in `high`, as no key has.
    struct alignas(64) PieceBucket {
        std::array<std::uint64_t, piece_ways> low, high;
        std::array<std::uint32_t, piece_ways> value;
        std::uint32_t overflowed;
    };
    struct alignas(64) PairBucket {
        std::array<std::uint64_t, pair_ways> key;
        std::array<Joined, pair_ways> joined;  // with the priority and one: all zeros where there is no pair

        bool overflowed() const { return joined[pair_ways - 1].priority != 0; }
    };

    static std::size_t bucket_of(std::uint64_t hash, std::size_t buckets) {
        return static_cast<std::size_t>((hash >> 32) * buckets >> 32);
    }
    // A Bloom filter in single words (Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom Filters",
    // 2007): three bits of the word that a hash belongs to.
    static std::uint64_t filter_bits(std::uint64_t hash) {
        const auto bit = [hash](int shift) { return std::uint64_t{1} << (hash >> shift & 63); };
        return bit(0) | bit(6) | bit(12);
    }
    static std::size_t filter_place(std::uint64_t hash, std::size_t words) { return hash >> 20 & (words - 1); }
    static std::uint64_t pair_filter_hash(std::uint64_t hash) { return hash ^ hash >> 37; }
    static std::uint64_t pair_key(Symbol left, Symbol right) { return std::uint64_t{left} << 32 | right; }
    static std::uint64_t pair_hash(std::uint64_t key) { return (key ^ key >> 32) * 0x9E3779B97F4A7C15ULL; }

    static Result<TokenTable> copy_of(std::span<const std::byte> bytes);
    explicit TokenTable(std::shared_ptr<const void> memory, std::span<const std::byte> bytes);
    static Result<TokenTable> checked(std::shared_ptr<const void> memory, std::span<const std::byte> bytes,
                                      bool verify_checksum);
    const TableHeader& header() const;
    std::string_view name_part(std::size_t index) const;

    std::shared_ptr<const void> memory_;  // what holds the bytes, unless the program does
    std::span<const std::byte> bytes_;

    // Into bytes_.
    const PieceBucket* pieces_ = nullptr;
    const PairBucket* pairs_ = nullptr;
    const std::uint64_t* piece_filter_ = nullptr;
    const std::uint64_t* pair_filter_ = nullptr;
    const Joined* byte_pairs_ = nullptr;
    const Symbol* byte_symbols_ = nullptr;
    const CharacterSlot* characters_ = nullptr;
    const std::uint16_t* sizes_ = nullptr;
    const Making* makings_ = nullptr;
    const std::uint32_t* text_offsets_ = nullptr;
    const char* text_ = nullptr;
    std::size_t piece_buckets_ = 0;
    std::size_t pair_buckets_ = 0;
    std::size_t piece_filter_words_ = 0;
    std::size_t pair_filter_words_ = 0;
    std::size_t token_count_ = 0;
    std::size_t symbol_count_ = 0;
    std::size_t character_slots_ = 0;
    bool byte_level_ = true;
};

}  // namespace forebay::tokenizer
