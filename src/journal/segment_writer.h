// Segment writer: encodes batches of records and writes each with one call to the disk; rotates segments.
//
// Threads  one, the journal's writer thread.
// Errors   unavailable, naming the file and the reason. A failed batch leaves no byte behind: what was
//          written of it is cut, at once or before the next write. The next batch tries again.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/settings.h"
#include "journal/disk.h"
#include "journal/housekeeper.h"
#include "journal/recovery.h"

namespace forebay::journal {

class SegmentWriter {
public:
    SegmentWriter(std::string folder, const config::JournalSettings& settings, Disk& disk, Housekeeper& housekeeper,
                  WritePosition position);

    // Begins a segment when there is none to go on with. Blocks.
    Result<void> start_blocking();

    // Takes a record into the batch; false when the batch has to be written first. Always takes the first.
    bool add(std::string_view payload);
    // Writes the batch and, with Sync::always, waits for the disk; the number of its first record. The batch
    // is empty afterwards, also after a failure. Blocks.
    Result<std::uint64_t> commit_blocking();

    std::uint64_t batch_bytes() const { return batch_.size(); }

private:
    Result<void> write_batch_blocking();
    Result<void> rotate_blocking();
    Result<std::shared_ptr<DiskFile>> create_blocking(std::string& header);
    Result<void> write_blocking(DiskFile& file, std::string_view bytes, std::uint64_t offset);
    bool cut_back_blocking();

    const std::string folder_;
    const config::JournalSettings settings_;
    Disk& disk_;
    Housekeeper& housekeeper_;

    std::shared_ptr<DiskFile> file_;
    std::uint64_t end_ = 0;    // of the whole records in file_
    bool empty_ = true;        // file_ holds no record
    bool dirty_tail_ = false;  // bytes of a failed batch lie behind end_
    std::uint64_t next_ = 1;

    std::string batch_;
    std::uint64_t batch_records_ = 0;
    bool rotate_first_ = false;
};

}  // namespace forebay::journal
