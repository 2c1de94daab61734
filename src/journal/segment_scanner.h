// Segment scanner: one pass over a segment that gives its records and finds what is damaged. Recovery,
// readers and the check all use this one, so that they agree. The rules are in FORMAT.md.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "journal/format.h"
#include "journal/segment_bytes.h"

namespace forebay::journal {

struct ScanItem {
    enum class Kind { record, damage, end };
    Kind kind = Kind::end;
    std::uint64_t offset = 0;  // where it starts
    std::uint64_t bytes = 0;   // how long it is; of `end`: the torn tail

    std::uint64_t sequence = 0;  // of a record; of damage: the first number that is lost
    std::string_view payload;    // of a record; valid until next()

    std::uint64_t lost = 0;  // damage: how many numbers are lost; 0 where every record can still be read
    std::string what;        // damage: a sentence part for people
};

class SegmentScanner {
public:
    // `first` is the number in the segment's name. `bytes` outlives the scanner.
    SegmentScanner(SegmentBytes& bytes, std::uint64_t first) : bytes_(bytes), first_(first), expected_(first) {}

    // The next item; after `end` do not ask again. A file that grows meanwhile is read to where it is then.
    // unavailable: it cannot be read; conflict: it was written by a newer version. Blocks.
    Result<ScanItem> next_blocking();

    // The number that the next record has to have.
    std::uint64_t expected() const { return expected_; }

private:
    enum class Shape { whole, incomplete, wrong_checksum, foreign };
    struct Look {
        Shape shape = Shape::incomplete;
        RecordHeader header;
        std::string_view record;
    };
    Result<Look> look_blocking(std::uint64_t offset);
    Result<Look> look_again_blocking();
    Result<std::uint64_t> find_blocking(std::uint64_t from);
    Result<ScanItem> read_file_header_blocking();
    Result<ScanItem> skip_blocking(const Look& look);
    ScanItem accept(const Look& look);

    SegmentBytes& bytes_;
    const std::uint64_t first_;
    std::uint64_t expected_;
    std::uint64_t offset_ = 0;  // 0: the file header has not been read
};

}  // namespace forebay::journal
