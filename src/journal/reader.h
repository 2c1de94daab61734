// Reading a journal: forward from any record, backward from the newest, and a full check.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace forebay::journal {

struct Record {
    std::uint64_t sequence = 0;  // from 1, without gaps
    std::string segment;         // the file's name
    std::uint64_t offset = 0;    // of its header in that file
    std::string payload;
};

// Calls `visit` for each record from `first` on, oldest first, until it returns false or the records
// end. A tail that a live writer has not finished ends the reading without an error. Blocks.
// not_found: no such folder. internal: a record in the middle is damaged (named by file and offset).
Result<void> read_forward_blocking(const std::string& folder, std::uint64_t first,
                                   const std::function<bool(const Record&)>& visit);

// The same, newest first.
Result<void> read_backward_blocking(const std::string& folder, const std::function<bool(const Record&)>& visit);

struct Damage {
    std::string segment;
    std::uint64_t offset = 0;
    std::string what;  // "checksum differs", "sequence jumps from 7 to 9", "torn tail of 12 bytes" …
};
struct Verification {
    std::uint64_t segments = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::vector<Damage> damages;        // empty: the journal is whole
    std::uint64_t torn_tail_bytes = 0;  // at the very end: what a crash leaves; cut at the next start
};
// Checks every checksum and every sequence number; `progress` gets bytes done and bytes in all. Blocks.
Result<Verification> verify_blocking(const std::string& folder,
                                     const std::function<void(std::uint64_t done, std::uint64_t all)>& progress);

}  // namespace forebay::journal
