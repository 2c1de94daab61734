#include "engine/kv_cells.h"

#include <gtest/gtest.h>

namespace forebay::engine {
namespace {

TEST(KvCells, CountsASharedCellOnce) {
    KvCells cells(10);
    CellList first;
    CellList second;

    cells.append(first, 4);
    cells.share(first, 3, second);
    cells.pin(second);
    cells.append(second, 2);

    EXPECT_EQ(cells.free(), 4u);
    EXPECT_EQ(cells.pinned(), 6u);
}

TEST(KvCells, FreesASharedCellWithItsLastHolder) {
    KvCells cells(10);
    CellList first;
    CellList second;
    cells.append(first, 4);
    cells.share(first, 3, second);
    cells.unpin(first);

    cells.truncate(first, 0);
    EXPECT_EQ(cells.free(), 7u);
    cells.truncate(second, 1);
    EXPECT_EQ(cells.free(), 9u);
    cells.truncate(second, 0);

    EXPECT_EQ(cells.free(), 10u);
    EXPECT_EQ(cells.pinned(), 0u);
}

TEST(KvCells, ACellStaysPinnedWhileOneOfItsHoldersGenerates) {
    KvCells cells(10);
    CellList first;
    CellList second;
    cells.append(first, 4);
    cells.share(first, 4, second);
    cells.pin(second);

    cells.unpin(first);
    EXPECT_EQ(cells.pinned(), 4u);
    cells.unpin(second);

    EXPECT_EQ(cells.pinned(), 0u);
}

}  // namespace
}  // namespace forebay::engine
