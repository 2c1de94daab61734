// The folder of a journal: which segments it has, and the lock of its one writer.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace forebay::journal {

struct SegmentFile {
    std::uint64_t first = 0;  // sequence of its first record, as its name says
    std::string name;
    std::uint64_t bytes = 0;
};

// "00000000000000000042.seg"
std::string segment_name(std::uint64_t first);
// None for any other name.
std::optional<std::uint64_t> first_of_segment(std::string_view name);

// Oldest first. not_found: no such folder; unavailable: it cannot be read. Blocks.
Result<std::vector<SegmentFile>> list_segments_blocking(const std::string& folder);

// Held by the one process that writes to a folder; the kernel lets go of it when that process ends.
class FolderLock {
public:
    // conflict: another process holds it. Blocks.
    static Result<FolderLock> take_blocking(const std::string& folder);
    ~FolderLock();
    FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FolderLock& operator=(FolderLock&&) = delete;

private:
    explicit FolderLock(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace forebay::journal
