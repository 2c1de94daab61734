// AdamW with decoupled weight decay: Loshchilov and Hutter, arXiv 1711.05101, algorithm 2; gradients are summed here
// first and clipped by their global norm.
//
// Threads  one; `backend` computes with as many as it has.
#pragma once
#include <cstdint>
#include <vector>

#include "gradients/adam_settings.h"
#include "gradients/weights.h"

namespace forebay::gradients {

class AdamW {
public:
    static Result<AdamW> create_blocking(const Weights& weights, const AdamSettings& settings);

    void clear_gradients();
    // Adds `gradients` (in the order of parameters(); nullptr: none) to the sums.
    Result<void> add_blocking(ggml_backend* backend, const std::vector<ggml_tensor*>& gradients);
    // The global norm of the sums, before any clipping.
    Result<double> gradient_norm_blocking(ggml_backend* backend);
    // Moves the weights. `step` counts from 1; `norm` is what gradient_norm_blocking() gave.
    Result<void> update_blocking(ggml_backend* backend, double learning_rate, std::uint64_t step, double norm);

    const std::vector<ggml_tensor*>& parameters() const { return parameters_; }
    // For checkpoints: first and second moments, in the order of parameters().
    const std::vector<ggml_tensor*>& first_moments() const { return first_; }
    const std::vector<ggml_tensor*>& second_moments() const { return second_; }
    const std::vector<ggml_tensor*>& gradients() const { return sums_; }

private:
    AdamW() = default;
    AdamSettings settings_;
    ContextPtr context_;
    BufferPtr buffer_;
    std::vector<ggml_tensor*> parameters_, sums_, first_, second_;
    ggml_tensor* decayed_ = nullptr;  // the seven numbers of ggml_opt_step_adamw, for matrices and for vectors
    ggml_tensor* plain_ = nullptr;
    ggml_tensor* factor_ = nullptr;  // clips
};

}  // namespace forebay::gradients
