// Writing GGUF files: converted tensors that live until the file is written, and a write that is whole or not at all.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "gradients/ggml_pointers.h"

namespace forebay::gradients {

// The data of a file under construction. Keep it until write_gguf_blocking() returned.
class GgufTensors {
public:
    explicit GgufTensors(std::size_t tensors_max) : context_(new_context(tensors_max)) {}
    // `outer` 0: a vector. Converts `values` to `type` and adds the tensor to `gguf`.
    void add(gguf_context& gguf, const std::string& name, ggml_type type, std::int64_t inner, std::int64_t outer,
             const std::vector<float>& values);

private:
    ContextPtr context_;
    std::vector<std::vector<char>> data_;
};

// Writes beside `file`, syncs and renames. unavailable: the reason the system gave.
Result<void> write_gguf_blocking(const gguf_context& gguf, const std::string& file);

}  // namespace forebay::gradients
