#include "training/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/hash.h"
#include "base/json.h"

namespace forebay::training {
namespace {

constexpr std::string_view magic = "FBCKPT01";
constexpr std::string_view prefix = "checkpoint-";

std::string header_text(const CheckpointState& state) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("step", state.step);
    object.field("tokens", state.tokens);
    object.field("trained_seconds", state.trained_seconds);
    object.field("train_loss", state.train_loss);
    object.field("evaluation_loss", state.evaluation_loss);
    object.field("best_evaluation_loss", state.best_evaluation_loss);
    object.field("evaluations_without_better", state.evaluations_without_better);
    object.field("recipe_digest", state.recipe_digest);
    object.close();
    return out;
}

CheckpointState parse_header(std::string_view text) {
    const auto value = boost::json::parse(text);
    const auto& object = value.as_object();
    const auto number = [&](const char* key) { return object.at(key).to_number<double>(); };
    CheckpointState state;
    state.step = object.at("step").to_number<std::uint64_t>();
    state.tokens = object.at("tokens").to_number<std::uint64_t>();
    state.trained_seconds = number("trained_seconds");
    state.train_loss = number("train_loss");
    state.evaluation_loss = number("evaluation_loss");
    state.best_evaluation_loss = number("best_evaluation_loss");
    state.evaluations_without_better = object.at("evaluations_without_better").to_number<std::uint32_t>();
    state.recipe_digest = std::string(object.at("recipe_digest").as_string());
    return state;
}

template <class T>
void append_raw(std::string& out, const T& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void append_values(std::string& out, const std::vector<float>& values) {
    out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

// Before older checkpoints go, the newer one's name must be on the disk. The error number, or 0.
int sync_folder_blocking(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    const int error = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    return error;
}

Result<void> write_durably_blocking(const std::string& file, std::string_view bytes) {
    const std::string part = file + ".part";
    const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(Code::unavailable, "{}: {}", part, std::strerror(errno));
    int error = 0;
    while (!bytes.empty() && error == 0) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) error = errno;
        if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (error == 0 && ::fsync(descriptor) != 0) error = errno;
    ::close(descriptor);
    if (error == 0 && ::rename(part.c_str(), file.c_str()) != 0) error = errno;
    if (error == 0) error = sync_folder_blocking(std::filesystem::path(file).parent_path().string());
    if (error == 0) return {};
    ::unlink(part.c_str());
    return fail(error == ENOSPC ? Code::resource_exhausted : Code::unavailable,
                "the checkpoint {} could not be written: {}", file, std::strerror(error));
}

// The file's bytes when its checksum is right.
std::optional<std::string> read_whole_blocking(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    std::uint64_t sum = 0;
    if (bytes.size() < magic.size() + sizeof(std::uint32_t) + sizeof(sum) || !bytes.starts_with(magic))
        return std::nullopt;
    std::memcpy(&sum, bytes.data() + bytes.size() - sizeof(sum), sizeof(sum));
    bytes.resize(bytes.size() - sizeof(sum));
    if (checksum(bytes) != sum) return std::nullopt;
    return bytes;
}

// Newest first.
std::vector<std::string> checkpoints_blocking(const std::string& run_folder) {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(run_folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".bin")) found.push_back(entry.path().string());
    }
    std::ranges::sort(found, std::greater<>());
    return found;
}

}  // namespace

std::string checkpoint_file(const std::string& run_folder, std::uint64_t step) {
    return fmt::format("{}/{}{:08}.bin", run_folder, prefix, step);
}

Result<void> write_checkpoint_blocking(const std::string& file, const CheckpointState& state,
                                       const gradients::Weights& weights, const gradients::Learner& learner) {
    const std::string header = header_text(state);
    std::string bytes(magic);
    bytes.reserve(header.size() + 64 + std::size_t{3} * sizeof(float) * weights.trained_parameters());
    append_raw(bytes, static_cast<std::uint32_t>(header.size()));
    bytes += header;
    const gradients::AdamW& adam = learner.adam();
    for (std::size_t i = 0; i < adam.parameters().size(); ++i) {
        append_values(bytes, weights.values(adam.parameters()[i]));
        append_values(bytes, weights.values(adam.first_moments()[i]));
        append_values(bytes, weights.values(adam.second_moments()[i]));
    }
    append_raw(bytes, checksum(bytes));
    return write_durably_blocking(file, bytes);
}

Result<CheckpointState> read_checkpoint_blocking(const std::string& file, const std::string& recipe_digest,
                                                 gradients::Weights& weights, gradients::Learner& learner) {
    const auto bytes = read_whole_blocking(file);
    if (!bytes) return fail(Code::invalid_argument, "the checkpoint {} is damaged", file);
    std::uint32_t header_size = 0;
    std::memcpy(&header_size, bytes->data() + magic.size(), sizeof(header_size));
    const std::size_t begin = magic.size() + sizeof(header_size);
    if (begin + header_size > bytes->size()) return fail(Code::invalid_argument, "the checkpoint {} is damaged", file);
    const CheckpointState state = parse_header(std::string_view(*bytes).substr(begin, header_size));
    if (state.recipe_digest != recipe_digest) {
        return fail(Code::invalid_argument, "the checkpoint {} was made with another recipe", file);
    }
    std::size_t at = begin + header_size;
    const gradients::AdamW& adam = learner.adam();
    if (at + std::size_t{3} * sizeof(float) * weights.trained_parameters() != bytes->size()) {
        return fail(Code::invalid_argument, "the checkpoint {} is of a model of another shape", file);
    }
    for (std::size_t i = 0; i < adam.parameters().size(); ++i) {
        for (ggml_tensor* tensor : {adam.parameters()[i], adam.first_moments()[i], adam.second_moments()[i]}) {
            ggml_backend_tensor_set(tensor, bytes->data() + at, 0, ggml_nbytes(tensor));
            at += ggml_nbytes(tensor);
        }
    }
    learner.restore_steps(state.step);
    return state;
}

std::optional<std::string> newest_checkpoint_blocking(const std::string& run_folder) {
    for (const std::string& file : checkpoints_blocking(run_folder)) {
        if (read_whole_blocking(file)) return file;
    }
    return std::nullopt;
}

void prune_checkpoints_blocking(const std::string& run_folder, std::uint32_t kept) {
    const auto found = checkpoints_blocking(run_folder);
    for (std::size_t i = kept; i < found.size(); ++i) {
        std::error_code ignored;
        std::filesystem::remove(found[i], ignored);
    }
}

}  // namespace forebay::training
