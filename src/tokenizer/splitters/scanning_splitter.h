// Scanning splitter: a Splitter made of a scanner, which knows one rule.
//
// A scanner is a struct of static members:
//   const KindTable& kinds()                            what characters are to the rule
//   std::size_t next(const Reader&, std::size_t at)     the end of the piece that starts at `at`, which is in the text
//   bool words_start_at_spaces                          "a b" is always cut before its space
//   Kind looks_through                                  runs of these may move the piece's end that they follow, until
//                                                       they end themselves; 0 for most
//   std::uint64_t block_cuts(const Block&)              optional, see below
//
// Most text is ASCII, and there a rule is a matter of a few neighbours: block_cuts() finds all pieces' ends in the next
// 64 bytes at once, with operations on 64-bit sets (byte_scan.h). Each block starts where a piece starts, so that
// nothing is carried over from the bytes before it; the scanner does the pieces that a block cannot decide: those with
// other characters, long ones, the last one.
#pragma once
#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>

#include "tokenizer/byte_scan.h"
#include "tokenizer/splitter.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/reader.h"

namespace forebay::tokenizer {

// The bytes from a piece's start on, up to 64 of them and only those before the first character that is not ASCII.
// Bytes that are part of none are like other symbols.
struct Block {
    ByteMasks masks;
    std::uint64_t valid = 0;  // the bytes that there are: the lowest bits
    unsigned size = 0;        // how many; at least 1
    const Reader* reader = nullptr;
    std::size_t at = 0;  // where the block is in the text
};

template <class Scanner>
concept HasBlocks = requires(const Block& block) { Scanner::block_cuts(block); };

// A cut is settled when the piece behind it ends this far before the text's: no rule looks further past the piece
// behind an end, but through the runs that a scanner names.
inline constexpr std::size_t settled_bytes = 16;
// How far back last_cut() looks for a place to start from.
inline constexpr std::size_t look_back_bytes = 4096;

template <class Scanner>
class ScanningSplitter final : public Splitter {
public:
    ScanningSplitter(std::string_view name, Pace pace)
        : name_(name), kinds_(Scanner::kinds()), scan_(pace == Pace::fast ? fastest_byte_scan() : nullptr) {}

    std::size_t split(std::string_view text, std::size_t from, std::span<std::uint32_t> ends) const override {
        const Reader reader(text, kinds_);
        std::size_t count = 0;
        [[maybe_unused]] Pieces pieces;
        for (std::size_t at = from; count < ends.size() && at < text.size(); at = ends[count - 1]) {
            if constexpr (HasBlocks<Scanner>) {
                if (scan_ != nullptr && pieces.may_try_block(reader, at)) {
                    const Block block = block_at(reader, at);
                    const std::uint64_t cuts = Scanner::block_cuts(block);
                    pieces.tried(block, cuts);
                    count += written(cuts, at, ends.subspan(count));
                    if (cuts != 0) continue;
                }
            }
            ends[count++] = static_cast<std::uint32_t>(Scanner::next(reader, at));
        }
        return count;
    }

    std::size_t last_cut(std::string_view text) const override {
        const Reader reader(text, kinds_);
        std::size_t at = start_near_end(reader);
        std::size_t cut = at;
        while (at < text.size()) {
            const std::size_t end = Scanner::next(reader, at);
            if (end + settled_bytes > text.size()) break;
            if (reader.run_end(at, Scanner::looks_through) + settled_bytes <= text.size()) cut = at;
            at = end;
        }
        return cut;
    }

    std::string_view name() const override { return name_; }

private:
    // Where blocks are worth a try: not before characters that are not ASCII, and less and less where they found
    // nothing.
    struct Pieces {
        std::size_t decided = 0;  // no block finds a piece that starts before this
        unsigned skip = 0;        // so many pieces go without
        unsigned skip_next = 1;

        bool may_try_block(const Reader& reader, std::size_t at) {
            if (at < decided || starts_wide(reader, at) || starts_wide(reader, at + 1)) return false;
            if (skip == 0) return true;
            --skip;
            return false;
        }

        static bool starts_wide(const Reader& reader, std::size_t at) {
            return reader.byte(at) >= 0xC0 && (reader.byte(at + 1) & 0xC0) == 0x80;
        }

        void tried(const Block& block, std::uint64_t cuts) {
            if (block.size < scan_block) decided = block.at + block.size;
            if (cuts != 0) {
                skip_next = 1;
            } else if (block.size < scan_block) {
                skip = skip_next;
                skip_next = std::min(skip_next * 2, 16U);
            }
        }
    };

    Block block_at(const Reader& reader, std::size_t at) const {
        Block block;
        block.reader = &reader;
        block.at = at;
        std::size_t size = std::min(reader.size() - at, scan_block);
        if (size == scan_block) {
            scan_(reader.bytes() + at, block.masks);
        } else {
            unsigned char last[scan_block] = {};
            std::memcpy(last, reader.bytes() + at, size);
            scan_(last, block.masks);
        }
        size = std::min(size, static_cast<std::size_t>(std::countr_zero(block.masks.wide)));
        block.size = static_cast<unsigned>(size);
        block.valid = ~std::uint64_t{0} >> (scan_block - size);
        return block;
    }

    // Writes the places of `cuts` as far as there is room, and says how many.
    static std::size_t written(std::uint64_t cuts, std::size_t at, std::span<std::uint32_t> room) {
        const auto start = static_cast<std::uint32_t>(at);
        std::uint32_t* out = room.data();
        const auto count = static_cast<std::size_t>(std::popcount(cuts));
        if (room.size() >= scan_block) {
            // Eight at a time, the rest of the last eight being nonsense: fewer branches to guess.
            for (std::size_t done = 0; done < count; done += 8) {
                for (std::size_t i = 0; i < 8; ++i) {
                    out[done + i] = start + static_cast<std::uint32_t>(std::countr_zero(cuts));
                    cuts &= cuts - 1;
                }
            }
            return count;
        }
        const std::size_t fitting = std::min(count, room.size());
        for (std::size_t i = 0; i < fitting; ++i) {
            out[i] = start + static_cast<std::uint32_t>(std::countr_zero(cuts));
            cuts &= cuts - 1;
        }
        return fitting;
    }

    // A place that is surely cut, near the text's end, or 0.
    static std::size_t start_near_end(const Reader& reader) {
        if (!Scanner::words_start_at_spaces || reader.size() < look_back_bytes) return 0;
        const std::size_t first = reader.size() - look_back_bytes;
        for (std::size_t at = reader.size() - settled_bytes * 4; at > first; --at) {
            if (reader.byte(at) == ' ' && is_letter(reader.byte(at - 1)) && is_letter(reader.byte(at + 1))) return at;
        }
        return 0;
    }

    static bool is_letter(unsigned char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }

    std::string name_;
    const KindTable& kinds_;
    ByteScan scan_;  // null: without blocks
};

template <class Scanner>
std::unique_ptr<Splitter> scanning(std::string_view name, Pace pace) {
    return std::make_unique<ScanningSplitter<Scanner>>(name, pace);
}

}  // namespace forebay::tokenizer
