// From a loss to a graph that computes it and its gradients.
#pragma once
#include <vector>

#include "gradients/ggml_pointers.h"

namespace forebay::gradients {

struct GradientGraph {
    ggml_cgraph* graph = nullptr;
    ggml_cgraph* seeded = nullptr;  // ggml_graph_reset() it after allocation: it sets the loss's own gradient to 1
    std::vector<ggml_tensor*>
        gradients;  // of `parameters`, in their order; nullptr where the loss does not depend on one
};

// How matrix products are computed.
struct ProductSettings {
    bool on_cpu = true;
    // Matrices rounded to bfloat16 where they are multiplied; weights, sums, gradients and moments stay f32.
    // Micikevicius et al., arXiv 1710.03740, with bfloat16's range instead of loss scaling.
    bool bf16 = false;
};

// The loss alone.
ggml_cgraph* build_forward(ggml_context* context, ggml_tensor* loss, std::size_t nodes_max,
                           const ProductSettings& settings);

// ggml's own gradients, with its outer products turned into matrix products over transposed copies: on the processor
// ggml multiplies matrices about twice as fast as it adds outer products (docs/benchmarks.md).
GradientGraph build_gradients(ggml_context* context, ggml_tensor* loss, const std::vector<ggml_tensor*>& parameters,
                              std::size_t nodes_max, const ProductSettings& settings);

}  // namespace forebay::gradients
