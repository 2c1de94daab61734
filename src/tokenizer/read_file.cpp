#include "tokenizer/read_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace forebay::tokenizer {

Result<std::string> read_file_blocking(const std::string& path, std::string_view what, std::uint64_t bytes_max) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return fail(Code::not_found, "there is no {} '{}'", what, path);
    }
    if (status.type() != std::filesystem::file_type::regular) {
        return fail(Code::invalid_argument, "{} '{}' is not a regular file", what, path);
    }
    const std::uint64_t size = std::filesystem::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file) {
        return fail(Code::invalid_argument, "{} '{}' cannot be read: {}", what, path,
                    error ? error.message() : std::strerror(errno));
    }
    if (size > bytes_max) {
        return fail(Code::too_large, "{} '{}' has {} bytes; {} are read at most", what, path, size, bytes_max);
    }
    std::string text(size, '\0');
    file.read(text.data(), static_cast<std::streamsize>(size));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

}  // namespace forebay::tokenizer
