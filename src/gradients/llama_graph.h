// The forward graph of a Llama-style decoder for a micro-batch, in operations that ggml can differentiate.
#pragma once
#include "gradients/batch.h"
#include "gradients/weights.h"

namespace forebay::gradients {

// Inputs to fill once the graph is allocated, and the outputs that a Loss starts from.
struct LlamaGraph {
    ggml_tensor* tokens = nullptr;     // [rows · row_tokens] i32
    ggml_tensor* positions = nullptr;  // the same size
    ggml_tensor* mask = nullptr;       // [row_tokens, row_tokens] f32: 0 where attended, -inf elsewhere
    ggml_tensor* selected = nullptr;   // [predictions] i32: where something is predicted
    ggml_tensor* logits = nullptr;     // [vocabulary, predictions]
};

// Only the positions where something is predicted get logits; `batch` has at least one prediction.
LlamaGraph build_llama(ggml_context* context, const Weights& weights, const MicroBatch& batch);
void fill_inputs(const LlamaGraph& graph, const MicroBatch& batch);

// Upper bounds for the context that holds the graph and its gradients.
std::size_t graph_nodes_max(const LlamaShape& shape);

}  // namespace forebay::gradients
