#include "storage/data_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace forebay::storage {

Result<void> DataFolder::create_blocking() const {
    if (path.empty()) return fail(Code::invalid_argument, "the data folder's path is empty");
    std::error_code error;
    if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty()) {
        std::filesystem::create_directories(parent, error);
        if (error) return fail(Code::unavailable, "cannot create the folder {}: {}", parent.string(), error.message());
    }
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    const int reason = errno;
    if (reason == EEXIST) {
        if (std::filesystem::is_directory(path, error)) return {};
        return fail(Code::invalid_argument, "the data folder {} is not a folder", path);
    }
    return fail(Code::unavailable, "cannot create the data folder {}: {}", path, std::strerror(reason));
}

}  // namespace forebay::storage
