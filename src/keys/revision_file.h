// Revision file: eight bytes that every process of this machine maps, so that one atomic load tells whether
// the keys have changed.
//
// The number only grows. It is odd while a change is under way: from before its transaction commits until
// after. A process that dies in between leaves it odd, and then nobody takes the keys in memory for current
// until somebody mends it. A lock on the file (flock) lets one change be under way at a time.
//
// Threads  any.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"

namespace forebay::keys {

class RevisionFile {
public:
    // Created if missing. unavailable: the reason the system gave. Blocks.
    static Result<std::unique_ptr<RevisionFile>> open_blocking(const std::string& path);
    ~RevisionFile();
    RevisionFile(const RevisionFile&) = delete;
    RevisionFile& operator=(const RevisionFile&) = delete;

    std::uint64_t current() const { return number().load(std::memory_order_acquire); }
    static bool is_settled(std::uint64_t revision) { return revision % 2 == 0; }

    // A change under way; its end is the new revision, whether or not anything has changed.
    class Change {
    public:
        ~Change();
        Change(Change&& other) noexcept : file_(std::exchange(other.file_, nullptr)) {}
        Change& operator=(Change&&) = delete;

    private:
        friend class RevisionFile;
        explicit Change(RevisionFile& file) : file_(&file) {}
        RevisionFile* file_;
    };
    // To be called inside of the transaction that makes the change, and ended after it: the database's write
    // lock keeps other writers away, so that this waits only for the last steps of the one before. Blocks.
    Result<Change> begin_change_blocking();

    // Settles a revision that a process left odd when it died; nothing while a change is really under way.
    void mend();

private:
    RevisionFile(std::string path, int fd, std::uint64_t* mapped) : path_(std::move(path)), fd_(fd), mapped_(mapped) {}
    std::atomic_ref<std::uint64_t> number() const { return std::atomic_ref<std::uint64_t>(*mapped_); }

    const std::string path_;
    const int fd_;
    std::uint64_t* const mapped_;
    // The file's lock does not keep threads of one process apart.
    std::mutex change_;
};

}  // namespace forebay::keys
