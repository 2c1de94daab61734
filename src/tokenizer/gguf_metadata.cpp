#include "tokenizer/gguf_metadata.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace forebay::tokenizer {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are read as they are");

// The specification's numbers of the value types.
enum class GgufType : std::uint32_t {
    uint8,
    int8,
    uint16,
    int16,
    uint32,
    int32,
    float32,
    boolean,
    string,
    array,
    uint64,
    int64,
    float64
};

constexpr std::uint64_t key_bytes_max = 65'535;     // the specification's
constexpr std::uint64_t text_bytes_max = 1U << 20;  // of a value, or of a token
constexpr std::uint64_t elements_max = 1U << 22;    // of an array that is kept
constexpr std::uint64_t pair_bytes_min = 13;        // a key of one byte with one of value

// 0: not a number.
std::size_t size_of(GgufType type) {
    switch (type) {
        case GgufType::uint8:
        case GgufType::int8:
        case GgufType::boolean: return 1;
        case GgufType::uint16:
        case GgufType::int16: return 2;
        case GgufType::uint32:
        case GgufType::int32:
        case GgufType::float32: return 4;
        case GgufType::uint64:
        case GgufType::int64:
        case GgufType::float64: return 8;
        default: return 0;
    }
}

// Reads forward through a file, never past its end.
class GgufReader {
public:
    GgufReader(const std::string& path, std::ifstream& file, std::uint64_t bytes)
        : path_(path), file_(file), bytes_(bytes) {}

    std::uint64_t left() const { return bytes_ - at_; }

    std::unexpected<Error> damaged(std::string_view what) const {
        return fail(Code::invalid_argument, "model file '{}' is damaged or truncated: {} at byte {} of {}", path_, what,
                    at_, bytes_);
    }

    template <class T>
    Result<T> number() {
        T value{};
        FOREBAY_TRY_VOID(bytes(reinterpret_cast<char*>(&value), sizeof value));
        return value;
    }

    Result<void> bytes(char* out, std::uint64_t count) {
        if (count > left()) return damaged("the file ends too early");
        while (count > 0) {
            if (next_ == filled_) FOREBAY_TRY_VOID(fill());
            const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, filled_ - next_));
            std::memcpy(out, buffer_.data() + next_, part);
            out += part;
            count -= part;
            take(part);
        }
        return {};
    }

    Result<void> skip(std::uint64_t count) {
        if (count > left()) return damaged("the file ends too early");
        const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, filled_ - next_));
        take(part);
        if (part == count) return {};
        at_ += count - part;
        if (!file_.seekg(static_cast<std::streamoff>(at_))) return damaged("the file cannot be read");
        return {};
    }

    Result<std::string> text(std::uint64_t bytes_max, std::string_view what) {
        FOREBAY_TRY(const std::uint64_t size, number<std::uint64_t>());
        if (size > left()) return damaged(fmt::format("{} of {} bytes", what, size));
        if (size > bytes_max) {
            return fail(Code::invalid_argument, "model file '{}': {} of {} bytes at byte {}; {} are read at most",
                        path_, what, size, at_, bytes_max);
        }
        std::string text(size, '\0');
        FOREBAY_TRY_VOID(bytes(text.data(), size));
        return text;
    }

    Result<void> skip_text() {
        FOREBAY_TRY(const std::uint64_t size, number<std::uint64_t>());
        return skip(size);
    }

    std::uint64_t at() const { return at_; }

private:
    Result<void> fill() {
        next_ = filled_ = 0;
        const auto size = std::min<std::uint64_t>(buffer_.size(), left());
        file_.read(buffer_.data(), static_cast<std::streamsize>(size));
        filled_ = static_cast<std::size_t>(file_.gcount());
        if (filled_ == 0) return damaged("the file cannot be read");
        return {};
    }

    void take(std::size_t count) {
        next_ += count;
        at_ += count;
    }

    const std::string& path_;
    std::ifstream& file_;
    std::uint64_t bytes_;
    std::uint64_t at_ = 0;
    std::size_t next_ = 0, filled_ = 0;  // of the buffer
    std::array<char, 65'536> buffer_;
};

template <class From, class To>
Result<GgufValue> scalar(GgufReader& reader) {
    FOREBAY_TRY(const From value, reader.number<From>());
    return GgufValue(static_cast<To>(value));
}

Result<GgufValue> read_scalar(GgufReader& reader, GgufType type) {
    switch (type) {
        case GgufType::uint8: return scalar<std::uint8_t, std::int64_t>(reader);
        case GgufType::int8: return scalar<std::int8_t, std::int64_t>(reader);
        case GgufType::uint16: return scalar<std::uint16_t, std::int64_t>(reader);
        case GgufType::int16: return scalar<std::int16_t, std::int64_t>(reader);
        case GgufType::uint32: return scalar<std::uint32_t, std::int64_t>(reader);
        case GgufType::int32: return scalar<std::int32_t, std::int64_t>(reader);
        case GgufType::uint64: return scalar<std::uint64_t, std::int64_t>(reader);
        case GgufType::int64: return scalar<std::int64_t, std::int64_t>(reader);
        case GgufType::float32: return scalar<float, double>(reader);
        case GgufType::float64: return scalar<double, double>(reader);
        case GgufType::boolean: return scalar<std::int8_t, bool>(reader);
        case GgufType::string: {
            FOREBAY_TRY(std::string text, reader.text(text_bytes_max, "a value"));
            return GgufValue(std::move(text));
        }
        default: return reader.damaged(fmt::format("a value of type {}", static_cast<std::uint32_t>(type)));
    }
}

template <class T>
Result<GgufValue> read_numbers(GgufReader& reader, std::uint64_t count) {
    std::vector<T> values(count);
    FOREBAY_TRY_VOID(reader.bytes(reinterpret_cast<char*>(values.data()), count * sizeof(T)));
    return GgufValue(std::move(values));
}

Result<GgufValue> read_array(GgufReader& reader, bool wanted) {
    FOREBAY_TRY(const auto type, reader.number<GgufType>());
    FOREBAY_TRY(const std::uint64_t count, reader.number<std::uint64_t>());
    const std::size_t size = size_of(type);
    if (size == 0 && type != GgufType::string) {
        return reader.damaged(fmt::format("an array of type {}", static_cast<std::uint32_t>(type)));
    }
    if (count > reader.left() / (size == 0 ? sizeof(std::uint64_t) : size)) {
        return reader.damaged(fmt::format("an array of {} elements", count));
    }
    if (wanted && count > elements_max) return reader.damaged(fmt::format("a list of {} elements", count));
    if (type == GgufType::string) {
        std::vector<std::string> texts;
        if (wanted) texts.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            if (!wanted) {
                FOREBAY_TRY_VOID(reader.skip_text());
                continue;
            }
            FOREBAY_TRY(std::string text, reader.text(text_bytes_max, "a text"));
            texts.push_back(std::move(text));
        }
        return GgufValue(std::move(texts));
    }
    if (wanted && type == GgufType::int32) return read_numbers<std::int32_t>(reader, count);
    if (wanted && type == GgufType::float32) return read_numbers<float>(reader, count);
    FOREBAY_TRY_VOID(reader.skip(count * size));
    return GgufValue(OtherGgufValue{});
}

Result<GgufValue> read_value(GgufReader& reader, bool wanted) {
    FOREBAY_TRY(const auto type, reader.number<GgufType>());
    if (type == GgufType::array) return read_array(reader, wanted);
    if (wanted) return read_scalar(reader, type);
    if (type == GgufType::string) {
        FOREBAY_TRY_VOID(reader.skip_text());
    } else if (const std::size_t size = size_of(type); size != 0) {
        FOREBAY_TRY_VOID(reader.skip(size));
    } else {
        return reader.damaged(fmt::format("a value of type {}", static_cast<std::uint32_t>(type)));
    }
    return GgufValue(OtherGgufValue{});
}

bool is_wanted(std::string_view key, const std::vector<std::string_view>& wanted) {
    return std::ranges::any_of(
        wanted, [key](std::string_view want) { return want.ends_with('.') ? key.starts_with(want) : key == want; });
}

// Reads up to the first key; how many there are.
Result<std::uint64_t> read_header(GgufReader& reader, const std::string& path) {
    std::array<char, 4> magic{};
    if (!reader.bytes(magic.data(), magic.size()) || std::string_view(magic.data(), magic.size()) != "GGUF") {
        return fail(Code::invalid_argument, "model file '{}' is not a GGUF file", path);
    }
    FOREBAY_TRY(const auto version, reader.number<std::uint32_t>());
    if (version < 2 || version > 3) {
        return fail(Code::invalid_argument, "model file '{}' is GGUF version {}; versions 2 and 3 are read", path,
                    version);
    }
    FOREBAY_TRY_VOID(reader.number<std::uint64_t>());  // tensors
    FOREBAY_TRY(const auto pairs, reader.number<std::uint64_t>());
    if (pairs > reader.left() / pair_bytes_min) return reader.damaged(fmt::format("{} keys", pairs));
    return pairs;
}

}  // namespace

Result<GgufMetadata> GgufMetadata::read_blocking(const std::string& path, const std::vector<std::string_view>& wanted) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return fail(Code::not_found, "there is no model file '{}'", path);
    }
    if (status.type() != std::filesystem::file_type::regular) {
        return fail(Code::invalid_argument, "model file '{}' is not a regular file", path);
    }
    const std::uint64_t size = std::filesystem::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file) {
        return fail(Code::invalid_argument, "model file '{}' cannot be read: {}", path,
                    error ? error.message() : std::strerror(errno));
    }

    GgufMetadata metadata;
    metadata.path_ = path;
    GgufReader reader(path, file, size);
    FOREBAY_TRY(const std::uint64_t pairs, read_header(reader, path));
    for (std::uint64_t i = 0; i < pairs; ++i) {
        FOREBAY_TRY(std::string key, reader.text(key_bytes_max, "a key"));
        const bool keep = is_wanted(key, wanted);
        FOREBAY_TRY(GgufValue value, read_value(reader, keep));
        if (!keep) continue;
        if (metadata.values_.contains(key)) return reader.damaged(fmt::format("the key '{}' for a second time", key));
        metadata.values_.emplace(std::move(key), std::move(value));
    }
    metadata.bytes_ = reader.at();
    return metadata;
}

}  // namespace forebay::tokenizer
