// The files of a run's folder as the kernel sees them: whole replacements and the lock.
//
// Every function blocks on the disk. Errors: not_found, resource_exhausted (the disk is full), unavailable with the
// reason that the system gave.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::training {

// A file descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor();
    int get() const { return fd_; }

private:
    int fd_ = -1;
};

Result<std::string> read_whole_blocking(const std::string& path);

// After this `path` holds `content`, also after a power cut; killed before its end, `path` holds what it held. Written
// to PATH.new, synced, renamed, and the folder synced.
Result<void> replace_whole_blocking(const std::string& path, std::string_view content);

// Appends all of `content` and leaves the sync to the caller.
Result<void> append_blocking(const Descriptor& file, const std::string& path, std::string_view content);
Result<void> sync_blocking(const Descriptor& file, const std::string& path);
// Syncs a folder's names.
Result<void> sync_folder_blocking(const std::string& path);

// A run's lock: an open file description lock on its lock file. The kernel releases it when the process ends, however
// that is; unlike flock, it can be looked at without being taken, so that `train list` never gets in a run's way.
class RunLock {
public:
    // conflict: somebody holds it.
    static Result<RunLock> take_blocking(const std::string& path);
    static bool is_held_blocking(const std::string& path);

private:
    explicit RunLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

}  // namespace forebay::training
