#include "keys/revision_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace forebay::keys {
namespace {

static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free, "processes share it without a lock");

}  // namespace

Result<std::unique_ptr<RevisionFile>> RevisionFile::open_blocking(const std::string& path) {
    const auto refused = [&](int fd) {
        const int reason = errno;
        if (fd >= 0) ::close(fd);
        return fail(Code::unavailable, "cannot use the key revision file {}: {}", path, std::strerror(reason));
    };
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return refused(fd);
    struct stat info{};
    if (::fstat(fd, &info) < 0) return refused(fd);
    // Two processes may do this at the same time: zeros either way.
    constexpr std::size_t size = sizeof(std::uint64_t);
    if (info.st_size < static_cast<off_t>(size) && ::ftruncate(fd, size) < 0) return refused(fd);
    void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) return refused(fd);
    return std::unique_ptr<RevisionFile>(new RevisionFile(path, fd, static_cast<std::uint64_t*>(mapped)));
}

RevisionFile::~RevisionFile() {
    ::munmap(mapped_, sizeof *mapped_);
    ::close(fd_);
}

Result<RevisionFile::Change> RevisionFile::begin_change_blocking() {
    std::unique_lock lock(change_);
    while (::flock(fd_, LOCK_EX) < 0) {
        if (errno != EINTR) return fail(Code::unavailable, "cannot lock {}: {}", path_, std::strerror(errno));
    }
    lock.release();
    // Odd already when the process that began a change before this one died.
    if (is_settled(current())) number().fetch_add(1, std::memory_order_acq_rel);
    return Change(*this);
}

RevisionFile::Change::~Change() {
    if (!file_) return;
    file_->number().fetch_add(1, std::memory_order_acq_rel);
    ::flock(file_->fd_, LOCK_UN);
    file_->change_.unlock();
}

void RevisionFile::mend() {
    const std::unique_lock lock(change_, std::try_to_lock);
    if (!lock || ::flock(fd_, LOCK_EX | LOCK_NB) < 0) return;
    if (!is_settled(current())) number().fetch_add(1, std::memory_order_acq_rel);
    ::flock(fd_, LOCK_UN);
}

}  // namespace forebay::keys
