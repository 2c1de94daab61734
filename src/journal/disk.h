// Disk: what the writer asks of the kernel. A seam, so that tests can make each call fail.
//
// Threads  any. Every call blocks.
// Errors   a negative number is -errno.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>

namespace forebay::journal {

class Disk {
public:
    virtual ~Disk() = default;

    // A file descriptor, open for reading and writing. `create`: an empty file, whatever was there.
    virtual int open_blocking(const std::string& path, bool create);
    virtual void close_blocking(int fd);
    // May write less than asked.
    virtual ssize_t write_blocking(int fd, const char* bytes, std::size_t size, off_t offset);
    virtual int sync_blocking(int fd);
    virtual int cut_blocking(int fd, off_t size);
    virtual int sync_folder_blocking(const std::string& folder);
    virtual int remove_blocking(const std::string& path);
    virtual int rename_blocking(const std::string& from, const std::string& to);
};

// The kernel's.
Disk& real_disk();

// A file that closes itself.
class DiskFile {
public:
    DiskFile(Disk& disk, int fd, std::string path) : disk_(disk), fd_(fd), path_(std::move(path)) {}
    ~DiskFile() { disk_.close_blocking(fd_); }
    DiskFile(const DiskFile&) = delete;
    DiskFile& operator=(const DiskFile&) = delete;

    int fd() const { return fd_; }
    const std::string& path() const { return path_; }

private:
    Disk& disk_;
    const int fd_;
    const std::string path_;
};

}  // namespace forebay::journal
