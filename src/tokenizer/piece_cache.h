// What a thread remembers between calls of one tokenizer: short pieces and their tokens, which neighbours stay
// apart, and working memory.
//
// Threads  each has its own; no locks.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/large_pages.h"
#include "tokenizer/merging.h"
#include "tokenizer/piece_key.h"
#include "tokenizer/token_table.h"

namespace forebay::tokenizer {

// Up to four tokens, and how many they are in the first one's high byte, so that they are copied as they are.
struct PackedTokens {
    static constexpr std::size_t count_max = 4;
    static constexpr std::uint32_t id_mask = 0xFFFFFF;
    std::array<std::uint32_t, count_max> words{};

    std::size_t size() const { return words[0] >> 24; }
    Symbol operator[](std::size_t i) const { return words[i] & id_mask; }
};

inline PackedTokens packed(std::span<const Symbol> symbols) {
    PackedTokens out;
    for (std::size_t i = 0; i < symbols.size(); ++i) out.words[i] = symbols[i];
    out.words[0] |= static_cast<std::uint32_t>(symbols.size()) << 24;
    return out;
}

// 2 MiB, two places for each hash, of which the older one goes.
class PieceCache {
public:
    PieceCache() : sets_(std::size_t{1} << set_bits) {}

    void prefetch(std::uint64_t hash) const { __builtin_prefetch(&sets_[hash >> (64 - set_bits)]); }

    // Whether `key` is there; `out` is undefined if not. Without a branch: which place it is cannot be foretold.
    bool find(const PieceKey& key, std::uint64_t hash, PackedTokens& out) const {
        const Set& set = sets_[hash >> (64 - set_bits)];
        const bool first = ((set.entries[0].key.low ^ key.low) | (set.entries[0].key.high ^ key.high)) == 0;
        const bool second = ((set.entries[1].key.low ^ key.low) | (set.entries[1].key.high ^ key.high)) == 0;
        out = set.entries[second ? 1 : 0].tokens;
        return first | second;
    }

    void add(const PieceKey& key, std::uint64_t hash, const PackedTokens& tokens) {
        Set& set = sets_[hash >> (64 - set_bits)];
        // What took merging is worth more than what one look-up finds again.
        const bool second = tokens.size() == 1 && set.entries[0].tokens.size() > 1;
        if (!second) set.entries[1] = set.entries[0];
        set.entries[second ? 1 : 0] = {key, tokens};
    }

private:
    static constexpr int set_bits = 15;
    struct Entry {
        PieceKey key;
        PackedTokens tokens;
    };
    struct alignas(64) Set {
        std::array<Entry, 2> entries{};
    };
    LargePages<Set> sets_;
};

// The same for pieces of 16 to 112 bytes that became few tokens: lines of dashes, indentation, long words. 768 KiB.
class LongPieceCache {
public:
    static constexpr std::size_t bytes_max = 112;
    static constexpr std::size_t symbols_max = 15;

    LongPieceCache() : entries_(std::size_t{1} << entry_bits) {}

    // Empty: not there. Valid until the next add().
    std::span<const Symbol> find(std::string_view piece) const {
        const Entry& entry = entries_[place(piece)];
        const bool same = entry.size == piece.size() && std::memcmp(entry.text.data(), piece.data(), piece.size()) == 0;
        return {entry.symbols.data(), same ? entry.count : 0U};
    }

    void add(std::string_view piece, std::span<const Symbol> symbols) {
        if (symbols.size() > symbols_max) return;
        Entry& entry = entries_[place(piece)];
        entry.size = static_cast<std::uint8_t>(piece.size());
        entry.count = static_cast<std::uint8_t>(symbols.size());
        std::memcpy(entry.text.data(), piece.data(), piece.size());
        std::ranges::copy(symbols, entry.symbols.begin());
    }

private:
    static constexpr int entry_bits = 12;
    struct alignas(64) Entry {
        std::array<char, bytes_max> text{};
        std::array<Symbol, symbols_max> symbols{};
        std::uint8_t size = 0, count = 0;
    };

    // Of the piece's ends: pieces that differ in between only are rare.
    static std::size_t place(std::string_view piece) {
        std::array<std::uint64_t, 4> words;
        std::memcpy(words.data(), piece.data(), 16);
        std::memcpy(words.data() + 2, piece.data() + piece.size() - 16, 16);
        std::uint64_t sum = piece.size();
        for (const std::uint64_t word : words) sum = (sum ^ word) * 0x9E3779B97F4A7C15ULL ^ sum >> 32;
        return sum >> (64 - entry_bits);
    }

    std::vector<Entry> entries_;
};

// Whether two neighbours stay as they are.
class SeamMemo {
public:
    enum class Answer : std::uint8_t { unknown, apart, joined };

    Answer find(Symbol left, Symbol right) const {
        const Slot& slot = slots_[place(left, right)];
        return slot.left == left && slot.right == right ? slot.answer : Answer::unknown;
    }
    void add(Symbol left, Symbol right, Answer answer) { slots_[place(left, right)] = {left, right, answer}; }

private:
    static constexpr int bits = 13;
    struct Slot {
        Symbol left = 0, right = 0;
        Answer answer = Answer::unknown;
    };
    static std::size_t place(Symbol left, Symbol right) {
        return ((std::uint64_t{left} << 32 | right) * 0x9E3779B97F4A7C15ULL) >> (64 - bits);
    }
    std::vector<Slot> slots_ = std::vector<Slot>(std::size_t{1} << bits);
};

struct ThreadMemory {
    PieceCache pieces;
    LongPieceCache long_pieces;
    SeamMemo seams;
    FewSymbols few;
    ManySymbols many;
    std::vector<Symbol> symbols;  // of a long piece
    std::vector<Symbol> pending, window, pair;
};

// This thread's memory for the tokenizer with this number; the last few tokenizers that a thread used have one. Valid
// until the thread asks for another tokenizer's.
ThreadMemory& thread_memory(std::uint64_t tokenizer);
// A number that no other tokenizer of this program has.
std::uint64_t next_tokenizer_number();

}  // namespace forebay::tokenizer
