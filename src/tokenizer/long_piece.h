// Pieces that are no token and too long, or too foreign, for the textbook loop. For piece_encoder.cpp.
//
// Threads  one object per call, on one thread.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "tokenizer/piece_cache.h"
#include "tokenizer/piece_merger.h"
#include "tokenizer/token_table.h"

namespace forebay::tokenizer {

class LongPiece {
public:
    LongPiece(const TokenTable& table, ThreadMemory& memory, PieceMerger& merger)
        : table_(table), memory_(memory), merger_(merger) {}

    // What merging makes of `piece`, by guesses and checks. Valid until the next merging.
    std::span<const Symbol> merge(std::string_view piece);

private:
    void guess();
    bool guess_longest(std::string_view rest);
    void merge_chunk(std::string_view chunk);
    std::size_t chunk_size(std::string_view rest) const;
    std::optional<bool> compare_edges(Symbol left, Symbol right) const;
    bool stay_apart(std::size_t seam, Symbol left, Symbol right);
    void repair();

    const TokenTable& table_;
    ThreadMemory& memory_;  // `symbols` are settled, `pending` are guessed for what follows them
    PieceMerger& merger_;

    std::string_view piece_;
    std::size_t settled_ = 0;  // bytes
    std::size_t guessed_ = 0;  // bytes, with the settled ones
    std::size_t next_ = 0;     // the first pending symbol that is not settled
    std::size_t chunk_limit_ = 0;
};

}  // namespace forebay::tokenizer
