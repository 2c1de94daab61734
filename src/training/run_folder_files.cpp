#include "training/run_folder_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace forebay::training {
namespace {

std::unexpected<Error> failed(std::string_view what, const std::string& path, int error) {
    const auto reason = std::generic_category().message(error);
    if (error == ENOENT) return fail(Code::not_found, "cannot {} {}: {}", what, path, reason);
    if (error == ENOSPC || error == EDQUOT) {
        return fail(Code::resource_exhausted, "cannot {} {}: {}: free some space and resume the run", what, path,
                    reason);
    }
    return fail(Code::unavailable, "cannot {} {}: {}", what, path, reason);
}

struct flock whole_file_lock() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;  // l_len 0: to the end; l_pid 0: as open file description locks demand
}

Result<Descriptor> open_blocking(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return failed("open", path, errno);
    return Descriptor(fd);
}

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::string> read_whole_blocking(const std::string& path) {
    FOREBAY_TRY(const auto file, open_blocking(path, O_RDONLY));
    std::string content;
    std::string piece(64 * 1024, '\0');
    while (true) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("read", path, errno);
        if (got == 0) return content;
        content.append(piece, 0, static_cast<std::size_t>(got));
    }
}

Result<void> append_blocking(const Descriptor& file, const std::string& path, std::string_view content) {
    while (!content.empty()) {
        const ssize_t wrote = ::write(file.get(), content.data(), content.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return failed("write", path, errno);
        content.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<void> sync_blocking(const Descriptor& file, const std::string& path) {
    if (::fsync(file.get()) != 0) return failed("sync", path, errno);
    return {};
}

Result<void> sync_folder_blocking(const std::string& path) {
    FOREBAY_TRY(const auto folder, open_blocking(path, O_RDONLY | O_DIRECTORY));
    return sync_blocking(folder, path);
}

Result<void> replace_whole_blocking(const std::string& path, std::string_view content) {
    const std::string beside = path + ".new";
    {
        FOREBAY_TRY(const auto file, open_blocking(beside, O_WRONLY | O_CREAT | O_TRUNC));
        FOREBAY_TRY_VOID(append_blocking(file, beside, content));
        FOREBAY_TRY_VOID(sync_blocking(file, beside));
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return failed("replace", path, errno);
    return sync_folder_blocking(std::filesystem::path(path).parent_path().string());
}

Result<RunLock> RunLock::take_blocking(const std::string& path) {
    FOREBAY_TRY(auto file, open_blocking(path, O_RDWR | O_CREAT));
    auto lock = whole_file_lock();
    if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return RunLock(std::move(file));
    if (errno == EAGAIN || errno == EACCES) return fail(Code::conflict, "another process holds {}", path);
    return failed("lock", path, errno);
}

bool RunLock::is_held_blocking(const std::string& path) {
    const auto file = open_blocking(path, O_RDWR);
    if (!file) return false;
    auto lock = whole_file_lock();
    return ::fcntl(file->get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace forebay::training
