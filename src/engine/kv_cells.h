// Our own account of llama.cpp's KV cells, since its API has none. A cell holds one position of one or
// more sequences (a shared prefix); it is free when no sequence holds it, and pinned while a sequence
// that is generating does.
#pragma once
#include <cstdint>
#include <vector>

namespace forebay::engine {

// The cells of one sequence, by position. Numbers are ours, not llama.cpp's.
using CellList = std::vector<std::uint32_t>;

class KvCells {
public:
    explicit KvCells(std::uint32_t capacity);

    std::uint32_t capacity() const { return static_cast<std::uint32_t>(cells_.size()); }
    std::uint32_t free() const { return static_cast<std::uint32_t>(free_.size()); }
    std::uint32_t pinned() const { return pinned_; }

    // Takes `count` free cells for a pinned list; there must be that many.
    void append(CellList& list, std::uint32_t count);
    // Makes the empty, unpinned `to` hold the first `count` cells of `from`.
    void share(const CellList& from, std::uint32_t count, CellList& to);
    // Drops all but the first `count` cells of an unpinned list.
    void truncate(CellList& list, std::uint32_t count);
    void pin(const CellList& list);
    void unpin(const CellList& list);

private:
    struct Cell {
        std::uint16_t holders = 0;
        std::uint16_t pins = 0;
    };
    std::vector<Cell> cells_;
    CellList free_;
    std::uint32_t pinned_ = 0;
};

}  // namespace forebay::engine
