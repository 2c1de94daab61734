#include "registry/blob_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace forebay::registry {
namespace {

constexpr std::size_t chunk_bytes = 1 << 20;
constexpr std::string_view copy_prefix = ".copy-";

// A file descriptor that closes itself.
class Open {
public:
    explicit Open(int fd) : fd_(fd) {}
    ~Open() {
        if (fd_ >= 0) ::close(fd_);
    }
    Open(Open&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Open& operator=(Open&&) = delete;
    int fd() const { return fd_; }
    bool good() const { return fd_ >= 0; }

private:
    int fd_;
};

std::unexpected<Error> disk_failure(std::string_view what, const std::string& path) {
    const int reason = errno;
    return fail(Code::unavailable, "cannot {} {}: {}", what, path, std::strerror(reason));
}

// -1 with errno on failure, 0 at the end.
ssize_t read_some(int fd, std::vector<char>& buffer) {
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count >= 0 || errno != EINTR) return count;
    }
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool lock(int fd, int how) {
    while (::flock(fd, how) < 0)
        if (errno != EINTR) return false;
    return true;
}

Result<void> sync_folder(const std::string& folder) {
    const Open opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.good() || ::fsync(opened.fd()) < 0) return disk_failure("sync the folder", folder);
    return {};
}

// A new file beside the blobs, locked for as long as it is written; unlinked unless it was renamed.
class Copy {
public:
    static Result<Copy> create(const std::string& folder) {
        for (;;) {
            std::string path = folder + "/" + std::string(copy_prefix) + "XXXXXX";
            Open opened(::mkostemp(path.data(), O_CLOEXEC));
            if (!opened.good()) return disk_failure("create a file in", folder);
            Copy copy(std::move(opened), path);
            struct stat info{};
            if (!lock(copy.fd(), LOCK_EX) || ::fstat(copy.fd(), &info) < 0) return disk_failure("lock", path);
            // Without a name: another process that opened the store took it for abandoned before it was locked.
            if (info.st_nlink > 0) return copy;
        }
    }
    ~Copy() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    Copy(Copy&& other) noexcept : opened_(std::move(other.opened_)), path_(std::exchange(other.path_, {})) {}
    Copy& operator=(Copy&&) = delete;

    int fd() const { return opened_.fd(); }
    const std::string& path() const { return path_; }
    Result<void> rename_to(const std::string& target) {
        if (::fchmod(fd(), 0444) < 0 || ::fsync(fd()) < 0) return disk_failure("sync", path_);
        if (::rename(path_.c_str(), target.c_str()) < 0) return disk_failure("rename a copy to", target);
        path_.clear();
        return {};
    }

private:
    Copy(Open opened, std::string path) : opened_(std::move(opened)), path_(std::move(path)) {}
    Open opened_;
    std::string path_;
};

Result<Open> open_source(const std::string& file) {
    // A pipe would block the opening.
    Open source(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!source.good() && errno == ENOENT) return fail(Code::not_found, "there is no file {}", file);
    struct stat info{};
    if (!source.good() || ::fstat(source.fd(), &info) < 0) return disk_failure("read", file);
    if (!S_ISREG(info.st_mode)) return fail(Code::invalid_argument, "{} is not a regular file", file);
    return source;
}

}  // namespace

Result<BlobStore> BlobStore::open_blocking(const std::string& folder) {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(folder, error).lexically_normal();
    const bool created = !error && std::filesystem::create_directories(absolute, error);
    if (error) return fail(Code::unavailable, "cannot create the folder {}: {}", folder, error.message());
    if (created) {
        // Its name, and that of the folder above it, which is new as well on the first use.
        FOREBAY_TRY_VOID(sync_folder(absolute.parent_path().string()));
        FOREBAY_TRY_VOID(sync_folder(absolute.parent_path().parent_path().string()));
    }
    BlobStore store(absolute.string());
    FOREBAY_TRY_VOID(store.remove_abandoned_blocking());
    return store;
}

Result<void> BlobStore::remove_abandoned_blocking() const {
    std::error_code error;
    std::filesystem::directory_iterator entry(folder_, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        if (!entry->path().filename().string().starts_with(copy_prefix)) continue;
        const Open copy(::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC));
        if (copy.good() && lock(copy.fd(), LOCK_EX | LOCK_NB)) ::unlink(entry->path().c_str());
    }
    if (error) return fail(Code::unavailable, "cannot read the folder {}: {}", folder_, error.message());
    return {};
}

Result<BlobStore::Blob> BlobStore::put_blocking(const std::string& file) const {
    FOREBAY_TRY(const Open source, open_source(file));
    FOREBAY_TRY(Copy copy, Copy::create(folder_));
    Blob blob;
    Sha256Stream hash;
    std::vector<char> buffer(chunk_bytes);
    for (;;) {
        const ssize_t count = read_some(source.fd(), buffer);
        if (count < 0) return disk_failure("read", file);
        if (count == 0) break;
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
        hash.add(bytes);
        blob.bytes += bytes.size();
        if (!write_all(copy.fd(), bytes)) return disk_failure("write", copy.path());
    }
    if (blob.bytes == 0) return fail(Code::invalid_argument, "{} is empty", file);
    blob.digest = to_hex(hash.finish());
    FOREBAY_TRY_VOID(copy.rename_to(path_of(blob.digest)));
    FOREBAY_TRY_VOID(sync_folder(folder_));
    return blob;
}

std::string BlobStore::path_of(std::string_view digest) const { return folder_ + "/" + std::string(digest); }

bool BlobStore::holds_blocking(std::string_view digest) const {
    const Open blob(::open(path_of(digest).c_str(), O_RDONLY | O_CLOEXEC));
    if (!blob.good()) return false;
    Sha256Stream hash;
    std::vector<char> buffer(chunk_bytes);
    for (;;) {
        const ssize_t count = read_some(blob.fd(), buffer);
        if (count < 0) return false;
        if (count == 0) return to_hex(hash.finish()) == digest;
        hash.add({buffer.data(), static_cast<std::size_t>(count)});
    }
}

}  // namespace forebay::registry
