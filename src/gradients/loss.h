// What training makes smaller. The seam for objectives: next-token prediction here; preference objectives (DPO) build
// on the same logits.
#pragma once
#include <memory>

#include "gradients/llama_graph.h"

namespace forebay::gradients {

class Loss {
public:
    virtual ~Loss() = default;
    // One graph's share of the step's loss: a scalar, the sum over the micro-batch divided by `step_predictions`.
    // Called once per graph; what it remembers of the graph's inputs belongs to this object, one a lane.
    virtual ggml_tensor* build(ggml_context* context, const LlamaGraph& graph, const MicroBatch& batch,
                               std::uint64_t step_predictions) = 0;
    virtual void fill(const MicroBatch& batch) = 0;
    virtual std::unique_ptr<Loss> for_another_lane() const = 0;
};

// Mean of -log p(token) over the predicted tokens, in nats.
std::unique_ptr<Loss> next_token_loss();

}  // namespace forebay::gradients
