#include "engine/kv_cells.h"

#include <numeric>

#include "base/error.h"

namespace forebay::engine {

KvCells::KvCells(std::uint32_t capacity) : cells_(capacity), free_(capacity) {
    std::iota(free_.begin(), free_.end(), 0u);
}

void KvCells::append(CellList& list, std::uint32_t count) {
    FOREBAY_CHECK(count <= free());
    for (std::uint32_t i = 0; i < count; ++i) {
        list.push_back(free_.back());
        free_.pop_back();
        cells_[list.back()] = {1, 1};
        ++pinned_;
    }
}

void KvCells::share(const CellList& from, std::uint32_t count, CellList& to) {
    FOREBAY_CHECK(to.empty() && count <= from.size());
    to.assign(from.begin(), from.begin() + count);
    for (const std::uint32_t cell : to) ++cells_[cell].holders;
}

void KvCells::truncate(CellList& list, std::uint32_t count) {
    while (list.size() > count) {
        Cell& cell = cells_[list.back()];
        if (--cell.holders == 0) {
            FOREBAY_CHECK(cell.pins == 0);
            free_.push_back(list.back());
        }
        list.pop_back();
    }
}

void KvCells::pin(const CellList& list) {
    for (const std::uint32_t cell : list) pinned_ += cells_[cell].pins++ == 0;
}

void KvCells::unpin(const CellList& list) {
    for (const std::uint32_t cell : list) pinned_ -= --cells_[cell].pins == 0;
}

}  // namespace forebay::engine
