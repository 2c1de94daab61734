#include "journal/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace forebay::journal {
namespace {

int outcome(int returned) { return returned < 0 ? -errno : returned; }

}  // namespace

int Disk::open_blocking(const std::string& path, bool create) {
    const int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0);
    return outcome(::open(path.c_str(), flags, 0600));
}

void Disk::close_blocking(int fd) { ::close(fd); }

ssize_t Disk::write_blocking(int fd, const char* bytes, std::size_t size, off_t offset) {
    for (;;) {
        const ssize_t written = ::pwrite(fd, bytes, size, offset);
        if (written >= 0) return written;
        if (errno != EINTR) return -errno;
    }
}

int Disk::sync_blocking(int fd) { return outcome(::fdatasync(fd)); }

int Disk::cut_blocking(int fd, off_t size) { return outcome(::ftruncate(fd, size)); }

int Disk::sync_folder_blocking(const std::string& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    const int result = outcome(::fsync(fd));
    ::close(fd);
    return result;
}

int Disk::remove_blocking(const std::string& path) { return outcome(::unlink(path.c_str())); }

int Disk::rename_blocking(const std::string& from, const std::string& to) {
    return outcome(::rename(from.c_str(), to.c_str()));
}

Disk& real_disk() {
    static Disk disk;
    return disk;
}

}  // namespace forebay::journal
