// Recovery: what a writer does to a folder before it writes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "journal/disk.h"
#include "journal/journal.h"

namespace forebay::journal {

// Where writing goes on.
struct WritePosition {
    std::uint64_t next = 1;          // the next record's number
    std::shared_ptr<DiskFile> file;  // the segment to go on with; none: begin a new one
    std::uint64_t end = 0;           // its size
    bool empty = true;               // it holds no record
};

// Scans the last segment, cuts a torn tail and fills `recovery`. A segment with damage is left as it is, and
// the position asks for a new one: nothing that was acknowledged is lost. Logs what it found. Blocks.
Result<WritePosition> recover_blocking(const std::string& folder, Disk& disk, Recovery& recovery);

}  // namespace forebay::journal
