#include "journal/segments.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "journal/format.h"

namespace forebay::journal {
namespace {

constexpr std::size_t digits = 20;
constexpr std::string_view suffix = ".seg";

}  // namespace

std::string segment_name(std::uint64_t first) { return fmt::format("{:020}{}", first, suffix); }

std::optional<std::uint64_t> first_of_segment(std::string_view name) {
    if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
    std::uint64_t first = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + digits, first);
    if (error != std::errc() || end != name.data() + digits || first == 0 || first > sequence_max) return std::nullopt;
    return first;
}

Result<std::vector<SegmentFile>> list_segments_blocking(const std::string& folder) {
    std::error_code error;
    std::vector<SegmentFile> segments;
    std::filesystem::directory_iterator entry(folder, error);
    if (error == std::errc::no_such_file_or_directory)
        return fail(Code::not_found, "there is no journal in {}", folder);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        std::string name = entry->path().filename().string();
        const auto first = first_of_segment(name);
        if (!first) continue;
        std::error_code gone;  // removed by retention since it was listed
        const auto bytes = entry->file_size(gone);
        if (!gone) segments.push_back({*first, std::move(name), bytes});
    }
    if (error) return fail(Code::unavailable, "cannot list the journal in {}: {}", folder, error.message());
    std::ranges::sort(segments, {}, &SegmentFile::first);
    return segments;
}

Result<FolderLock> FolderLock::take_blocking(const std::string& folder) {
    const std::string path = folder + "/lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail(Code::unavailable, "cannot open {}: {}", path, std::strerror(errno));
    FolderLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
    const int reason = errno;
    if (reason == EWOULDBLOCK) return fail(Code::conflict, "the journal in {} is in use by another process", folder);
    return fail(Code::unavailable, "cannot lock {}: {}", path, std::strerror(reason));
}

FolderLock::~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace forebay::journal
