// The proof that a CPU back end computes on this processor: a small matrix product in each type of memory
// that the back end offers for weights, since the special instructions (AMX, repacked blocks) hang on it.
#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpp.h>
#include <ggml.h>

#include <cmath>
#include <vector>

#include "engine/engine.h"
#include "engine/llama_log.h"

namespace forebay::engine {
namespace {

// Large enough for the blocked kernels: they need whole tiles and more than one column.
constexpr int inner = 256;
constexpr int rows = 64;
constexpr int columns = 32;
// Q8_0 rounds the inputs too, to 1 part in 127 of each block's largest value.
constexpr float tolerance = 0.02f;

// Values in [-1, 1] without a pattern that a wrong stride would preserve.
std::vector<float> make_values(std::size_t count, unsigned seed) {
    std::vector<float> values(count);
    for (float& value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(seed >> 8) / static_cast<float>(1 << 23) - 1;
    }
    return values;
}

// The product by a plain loop; `weights` are the values after quantization.
std::vector<float> expected_product(const std::vector<float>& weights, const std::vector<float>& inputs) {
    std::vector<float> product(std::size_t{rows} * columns);
    for (std::size_t column = 0; column < columns; ++column) {
        for (std::size_t row = 0; row < rows; ++row) {
            double sum = 0;
            for (std::size_t i = 0; i < inner; ++i) {
                sum += static_cast<double>(weights[row * inner + i]) * static_cast<double>(inputs[column * inner + i]);
            }
            product[column * rows + row] = static_cast<float>(sum);
        }
    }
    return product;
}

// `values` as bytes of `type`, and back to the values that those bytes stand for.
std::vector<std::uint8_t> quantize(ggml_type type, std::vector<float>& values) {
    std::vector<std::uint8_t> bytes(ggml_row_size(type, inner) * rows);
    ggml_quantize_chunk(type, values.data(), bytes.data(), 0, rows, inner, nullptr);
    if (type != GGML_TYPE_F32) ggml_get_type_traits(type)->to_float(bytes.data(), values.data(), inner * rows);
    return bytes;
}

bool is_close(const std::vector<float>& actual, const std::vector<float>& expected) {
    // Sums of `inner` products of values around 0.6 have this size.
    const float scale = std::sqrt(static_cast<float>(inner)) / 3;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        if (!(std::abs(actual[i] - expected[i]) <= tolerance * scale * 4)) return false;
    }
    return true;
}

bool product_is_right(ggml_backend_t backend, ggml_backend_buffer_type_t weights_memory, ggml_type type) {
    const ggml_context_ptr weights_context(ggml_init({ggml_tensor_overhead() * 4, nullptr, true}));
    const ggml_context_ptr graph_context(
        ggml_init({ggml_tensor_overhead() * 8 + ggml_graph_overhead(), nullptr, true}));
    ggml_tensor* weights = ggml_new_tensor_2d(weights_context.get(), type, inner, rows);
    ggml_tensor* inputs = ggml_new_tensor_2d(graph_context.get(), GGML_TYPE_F32, inner, columns);
    const ggml_backend_buffer_ptr weights_buffer(
        ggml_backend_alloc_ctx_tensors_from_buft(weights_context.get(), weights_memory));
    if (!weights_buffer) return false;
    ggml_backend_buffer_set_usage(weights_buffer.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);

    ggml_tensor* product = ggml_mul_mat(graph_context.get(), weights, inputs);
    ggml_cgraph* graph = ggml_new_graph(graph_context.get());
    ggml_build_forward_expand(graph, product);
    // A kind of memory that does not take this type of weights is not used for them.
    if (!ggml_backend_supports_op(backend, product)) return true;
    const ggml_backend_buffer_ptr graph_buffer(ggml_backend_alloc_ctx_tensors(graph_context.get(), backend));
    if (!graph_buffer) return false;

    std::vector<float> weight_values = make_values(std::size_t{inner} * rows, 1);
    const std::vector<float> input_values = make_values(std::size_t{inner} * columns, 2);
    const std::vector<std::uint8_t> weight_bytes = quantize(type, weight_values);
    ggml_backend_tensor_set(weights, weight_bytes.data(), 0, weight_bytes.size());
    ggml_backend_tensor_set(inputs, input_values.data(), 0, input_values.size() * sizeof(float));
    if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) return false;
    std::vector<float> actual(std::size_t{rows} * columns);
    ggml_backend_tensor_get(product, actual.data(), 0, actual.size() * sizeof(float));
    return is_close(actual, expected_product(weight_values, input_values));
}

// All kinds of memory that this device offers for weights.
std::vector<ggml_backend_buffer_type_t> weight_memories(ggml_backend_reg_t registry, ggml_backend_dev_t device) {
    std::vector<ggml_backend_buffer_type_t> memories{ggml_backend_dev_buffer_type(device)};
    const auto get_extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_dev_get_extra_bufts"));
    for (auto* extra = get_extra ? get_extra(device) : nullptr; extra && *extra; ++extra) memories.push_back(*extra);
    return memories;
}

}  // namespace

int prove_cpu_main(const std::string& backend_file) {
    install_llama_log();
    const ggml_backend_reg_t registry = ggml_backend_load(backend_file.c_str());
    if (!registry || ggml_backend_reg_dev_count(registry) == 0) return 1;
    const ggml_backend_dev_t device = ggml_backend_reg_dev_get(registry, 0);
    const ggml_backend_ptr backend(ggml_backend_dev_init(device, nullptr));
    if (!backend) return 1;
    for (const ggml_backend_buffer_type_t memory : weight_memories(registry, device)) {
        for (const ggml_type type : {GGML_TYPE_Q8_0, GGML_TYPE_F32}) {
            if (!product_is_right(backend.get(), memory, type)) return 1;
        }
    }
    return 0;
}

}  // namespace forebay::engine
