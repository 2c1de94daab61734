#include "journal/segment_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace forebay::journal {
namespace {

constexpr std::uint64_t window_bytes = 1024 * 1024;

}  // namespace

Result<SegmentBytes> SegmentBytes::open_blocking(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const int reason = errno;
        return fail(reason == ENOENT ? Code::not_found : Code::unavailable, "cannot open {}: {}", path,
                    std::strerror(reason));
    }
    SegmentBytes bytes(fd, path);
    bytes.refresh_blocking();
    return bytes;
}

SegmentBytes::SegmentBytes(std::span<const char> memory)
    : size_(memory.size()), window_(memory.data(), memory.size()) {}

SegmentBytes::~SegmentBytes() {
    if (fd_ >= 0) ::close(fd_);
}

SegmentBytes::SegmentBytes(SegmentBytes&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), size_(other.size_) {
    if (fd_ < 0) window_ = other.window_;
}

bool SegmentBytes::refresh_blocking() {
    if (fd_ < 0) return false;
    struct stat info{};
    if (::fstat(fd_, &info) == 0) size_ = static_cast<std::uint64_t>(info.st_size);
    window_ = {};
    return true;
}

Result<std::string_view> SegmentBytes::refill_blocking(std::uint64_t offset, std::uint64_t length) {
    if (offset >= size_) return std::string_view();
    length = std::min(length, size_ - offset);
    if (fd_ < 0) return window_.substr(offset, length);
    const std::uint64_t wanted = std::min(std::max(length, window_bytes), size_ - offset);
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    window_ = {};
    std::uint64_t have = 0;
    while (have < wanted) {
        const ssize_t got = ::pread(fd_, buffer_.data() + have, wanted - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(Code::unavailable, "cannot read {}: {}", path_, std::strerror(errno));
        if (got == 0) break;  // cut by its writer meanwhile
        have += static_cast<std::uint64_t>(got);
    }
    start_ = offset;
    window_ = std::string_view(buffer_).substr(0, have);
    return window_.substr(0, length);
}

}  // namespace forebay::journal
