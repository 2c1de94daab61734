// Owners for ggml's C objects.
#pragma once
#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>
#include <gguf.h>

#include <memory>

namespace forebay::gradients {

struct FreeGgml {
    void operator()(ggml_context* context) const { ggml_free(context); }
    void operator()(gguf_context* context) const { gguf_free(context); }
    void operator()(ggml_backend_buffer* buffer) const { ggml_backend_buffer_free(buffer); }
    void operator()(ggml_backend* backend) const { ggml_backend_free(backend); }
    void operator()(ggml_gallocr* allocator) const { ggml_gallocr_free(allocator); }
};
using ContextPtr = std::unique_ptr<ggml_context, FreeGgml>;
using GgufPtr = std::unique_ptr<gguf_context, FreeGgml>;
using BufferPtr = std::unique_ptr<ggml_backend_buffer, FreeGgml>;
using BackendPtr = std::unique_ptr<ggml_backend, FreeGgml>;
using AllocatorPtr = std::unique_ptr<ggml_gallocr, FreeGgml>;

// A context for the descriptions of `tensors_max` tensors and one graph of `nodes_max`; no tensor data.
inline ContextPtr new_context(std::size_t tensors_max, std::size_t nodes_max = 0) {
    const std::size_t graphs = nodes_max == 0 ? 0 : 2 * ggml_graph_overhead_custom(nodes_max, true);
    return ContextPtr(ggml_init({tensors_max * ggml_tensor_overhead() + graphs, nullptr, true}));
}

}  // namespace forebay::gradients
