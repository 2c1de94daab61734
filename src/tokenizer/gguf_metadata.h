// The metadata of a GGUF file: the keys that one asks for, with bounds on all that is read. Tensors are not looked at.
//
// Source   the GGUF specification, versions 2 and 3, little-endian. ggml's own reader aborts on some damaged files and
//          keeps every key; this one skips what nobody asked for.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace forebay::tokenizer {

// A value whose type nobody asks for, such as an array of bools.
struct OtherGgufValue {};

using GgufValue = std::variant<OtherGgufValue, bool, std::int64_t, double, std::string, std::vector<std::string>,
                               std::vector<std::int32_t>, std::vector<float>>;

class GgufMetadata {
public:
    // Reads the keys that are in `wanted`, and those that begin with an entry of it that ends in '.'. not_found: no
    // such file. invalid_argument: not a GGUF file, damaged, truncated before the end of its metadata, or beyond a
    // bound; names the place. Blocks.
    static Result<GgufMetadata> read_blocking(const std::string& path, const std::vector<std::string_view>& wanted);

    bool contains(std::string_view key) const { return values_.contains(key); }

    // The value, or null where the key is missing; invalid_argument where it has another type.
    template <class T>
    Result<const T*> find(std::string_view key) const {
        const auto found = values_.find(key);
        if (found == values_.end()) return nullptr;
        if (const T* value = std::get_if<T>(&found->second)) return value;
        return fail(Code::invalid_argument, "model file '{}': the key '{}' has an unexpected type", path_, key);
    }

    const std::string& path() const { return path_; }
    // How many bytes of the file, from its start, the metadata takes.
    std::uint64_t bytes() const { return bytes_; }

private:
    std::string path_;
    std::uint64_t bytes_ = 0;
    std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace forebay::tokenizer
