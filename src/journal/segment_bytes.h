// The bytes of one segment, from a file or from memory, through a window that only moves on.
//
// Reads instead of mapping: a live writer may cut the file after a failed write, and touching a mapped page
// that is gone kills the reader.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::journal {

class SegmentBytes {
public:
    // Of a file. not_found: it is gone (retention); unavailable: it cannot be read. Blocks.
    static Result<SegmentBytes> open_blocking(const std::string& path);
    // Of memory that outlives this.
    explicit SegmentBytes(std::span<const char> memory);
    ~SegmentBytes();
    SegmentBytes(SegmentBytes&& other) noexcept;
    SegmentBytes& operator=(SegmentBytes&&) = delete;

    std::uint64_t size() const { return size_; }

    // At most `length` bytes from `offset` on; fewer where the segment ends. Valid until the next call that
    // is not const. Blocks.
    Result<std::string_view> view(std::uint64_t offset, std::uint64_t length) {
        if (offset >= start_ && offset + length <= start_ + window_.size())
            return window_.substr(offset - start_, length);
        return refill_blocking(offset, length);
    }

    // Forgets what was read and looks at the size again; whether that can show anything new. Blocks.
    bool refresh_blocking();

private:
    SegmentBytes(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    Result<std::string_view> refill_blocking(std::uint64_t offset, std::uint64_t length);

    int fd_ = -1;  // -1: of memory
    std::string path_;
    std::uint64_t size_ = 0;
    std::uint64_t start_ = 0;  // of the window
    std::string_view window_;
    std::string buffer_;
};

}  // namespace forebay::journal
