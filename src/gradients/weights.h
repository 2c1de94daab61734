// Weights: the matrices and vectors of one Llama-style model on a device, by their GGUF names.
//
// Shapes   ggml's order: ne[0] is the inner dimension, so that a matrix from `in` to `out` has ne = [in, out].
// Owner    a training run; the tensors live as long as this object.
// Threads  read by all lanes of a Learner while it computes gradients, written between.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gradients/device.h"
#include "gradients/llama_shape.h"

namespace forebay::gradients {

// A low-rank addition to a matrix W: y = W x + scale · B (A x). Hu et al., arXiv 2106.09685.
struct LowRank {
    ggml_tensor* a = nullptr;  // [in, rank]
    ggml_tensor* b = nullptr;  // [rank, out]
    float scale = 1;           // alpha / rank
};

struct LowRankSettings {
    std::uint32_t rank = 8;
    double alpha = 16;
    std::vector<std::string> targets;  // "attn_q", … : of every layer
};

class Weights {
public:
    // Normal with a standard deviation of 0.02, in matrices that write to the residual stream less by
    // sqrt(2 · layers) (as GPT-2 does); norms are 1.
    static Result<Weights> random_blocking(const LlamaShape& shape, std::uint64_t seed, const Device& device);
    // From a GGUF of architecture "llama". Trained matrices become f32; with `keep_types`, quantised matrices stay as
    // they are, which suits low-rank training only. invalid_argument: another architecture, or a feature of it that the
    // graph does not have (experts, biases, scaled rotary positions), by name. Blocks.
    static Result<Weights> read_blocking(const std::string& file, bool keep_types, const Device& device);

    // From now on the matrices themselves stay and these are trained: A normal with 1/sqrt(in), B zero.
    Result<void> add_low_rank_blocking(const LowRankSettings& settings, std::uint64_t seed);

    const LlamaShape& shape() const { return shape_; }
    const Device& device() const { return device_; }
    // nullptr when the model has no such tensor.
    ggml_tensor* find(std::string_view name) const;
    const LowRank* low_rank_of(std::string_view name) const;
    const std::optional<LowRankSettings>& low_rank() const { return low_rank_settings_; }

    // What is trained, in name order.
    std::vector<ggml_tensor*> trained() const;
    std::uint64_t trained_parameters() const;
    std::uint64_t parameters() const;
    // SHA-256 over the trained tensors' names and f32 bytes, in name order. Blocks for large models.
    std::string digest_blocking() const;

    // Copies of one tensor's values as f32.
    std::vector<float> values(const ggml_tensor* tensor) const;

    // Writes a model. `metadata` (architecture, tokenizer, template, …) is copied in; its tensors are not looked at.
    // `type`: GGML_TYPE_F32, F16 or Q8_0, for matrices; vectors stay f32. Low-rank additions are merged in. The file
    // appears whole or not at all. Blocks.
    Result<void> write_model_blocking(const std::string& file, ggml_type type, const gguf_context& metadata) const;
    // Writes the low-rank additions alone, as llama.cpp loads them (llama_adapter_lora_init).
    Result<void> write_adapter_blocking(const std::string& file, const std::string& name) const;

private:
    explicit Weights(const LlamaShape& shape, Device device) : shape_(shape), device_(std::move(device)) {}
    Result<void> allocate();
    Result<void> fill_from_blocking(const std::string& file, const gguf_context& gguf, ggml_context& described);
    std::vector<float> merged_values(const std::string& name) const;

    LlamaShape shape_;
    Device device_;
    ContextPtr context_;
    BufferPtr buffer_;
    std::map<std::string, ggml_tensor*, std::less<>> tensors_;
    ContextPtr low_rank_context_;
    BufferPtr low_rank_buffer_;
    std::map<std::string, LowRank, std::less<>> low_rank_;  // by the matrix's name
    std::optional<LowRankSettings> low_rank_settings_;
};

// The shape of a GGUF's model; errors as Weights::read_blocking. Blocks for the time of reading the metadata.
Result<LlamaShape> read_shape_blocking(const std::string& file);

// Numbers from a seed, the same on every machine: splitmix64 and Box-Muller.
class NormalNumbers {
public:
    explicit NormalNumbers(std::uint64_t seed) : state_(seed) {}
    float next();

private:
    double uniform();
    std::uint64_t state_;
    std::optional<double> spare_;
};

// The names and shapes of a model's tensors; `vectors` are norms.
struct TensorPlan {
    std::string name;
    std::int64_t inner = 0;
    std::int64_t outer = 0;  // 0: a vector
    bool writes_residual = false;
};
std::vector<TensorPlan> plan_tensors(const LlamaShape& shape);

}  // namespace forebay::gradients
