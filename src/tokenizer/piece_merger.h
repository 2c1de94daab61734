// Merging of a piece's symbols, over a table and this thread's memory. For piece_encoder.cpp and long_piece.cpp.
//
// Threads  one object per call, on one thread.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/piece_cache.h"
#include "tokenizer/token_table.h"

namespace forebay::tokenizer {

class PieceMerger {
public:
    PieceMerger(const TokenTable& table, ThreadMemory& memory) : table_(table), memory_(memory) {}

    // Of at most FewSymbols::count_max bytes. Valid until the next merging.
    std::span<const Symbol> merge_short(std::string_view piece);
    // Of any size; `out` is emptied first, and is none of the memory's own working space.
    void merge_into(std::vector<Symbol>& out, std::string_view piece);

    // What merging makes of characters rather than of bytes: nearly always the same, with fewer steps. Stops after some
    // dozens of characters; returns the bytes that it took. Byte-level tables only.
    std::size_t guess_by_characters(std::vector<Symbol>& out, std::string_view rest);

private:
    const TokenTable& table_;
    ThreadMemory& memory_;
};

}  // namespace forebay::tokenizer
