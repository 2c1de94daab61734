#include "engine/gguf_check.h"

#include <gguf.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "engine/llama_log.h"

namespace forebay::engine {
namespace {

struct FreeGguf {
    void operator()(gguf_context* context) const { gguf_free(context); }
};

struct Header {
    std::array<char, 4> magic;
    std::uint32_t version;
    std::uint64_t tensors;
    std::uint64_t pairs;
};
static_assert(sizeof(Header) == 24);

// The least that a tensor takes in the file (name length, dimensions, type, offset), and a key with value.
constexpr std::uint64_t tensor_bytes_min = 24;
constexpr std::uint64_t pair_bytes_min = 13;

Result<void> check_header(const std::string& path, std::uint64_t file_bytes) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(Code::invalid_argument, "model file '{}' cannot be read: {}", path, std::strerror(errno));
    if (file_bytes == 0) return fail(Code::invalid_argument, "model file '{}' is empty", path);

    Header header{};
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count < 4 || std::memcmp(header.magic.data(), "GGUF", 4) != 0) {
        return fail(Code::invalid_argument, "model file '{}' is not a GGUF file", path);
    }
    if (count < sizeof header) return fail(Code::invalid_argument, "model file '{}' is truncated", path);
    if (header.version < 2 || header.version > GGUF_VERSION) {
        return fail(Code::invalid_argument, "model file '{}' is GGUF version {}; versions 2 to {} are read", path,
                    header.version, GGUF_VERSION);
    }
    const bool plausible =
        header.tensors <= file_bytes / tensor_bytes_min && header.pairs <= file_bytes / pair_bytes_min;
    if (!plausible) {
        return fail(Code::invalid_argument,
                    "model file '{}' is damaged or truncated: {} tensors and {} keys in {} bytes", path, header.tensors,
                    header.pairs, file_bytes);
    }
    return {};
}

// The file size that the tensors need.
std::uint64_t promised_bytes(const gguf_context& file) {
    std::uint64_t end = gguf_get_data_offset(&file);
    for (std::int64_t i = 0; i < gguf_get_n_tensors(&file); ++i) {
        const std::uint64_t begin = gguf_get_data_offset(&file) + gguf_get_tensor_offset(&file, i);
        end = std::max(end, begin + gguf_get_tensor_size(&file, i));
    }
    return end;
}

}  // namespace

Result<std::uint64_t> check_gguf_blocking(const std::string& path) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return fail(Code::not_found, "there is no model file '{}'", path);
    }
    if (status.type() != std::filesystem::file_type::regular) {
        return fail(Code::invalid_argument, "model file '{}' is not a regular file{}{}", path, error ? ": " : "",
                    error ? error.message() : "");
    }
    const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
    if (error) return fail(Code::invalid_argument, "model file '{}' cannot be read: {}", path, error.message());
    FOREBAY_TRY_VOID(check_header(path, file_bytes));

    const LlamaErrors errors;
    const std::unique_ptr<gguf_context, FreeGguf> file(gguf_init_from_file(path.c_str(), {true, nullptr}));
    if (!file) {
        return fail(Code::invalid_argument, "model file '{}' is damaged or truncated: {}", path, errors.first());
    }
    if (const std::uint64_t promised = promised_bytes(*file); promised > file_bytes) {
        return fail(Code::invalid_argument, "model file '{}' is truncated: its tensors need {} bytes, it has {}", path,
                    promised, file_bytes);
    }
    return file_bytes;
}

}  // namespace forebay::engine
