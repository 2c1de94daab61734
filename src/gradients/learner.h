// Learner: gradient steps on Weights. A step's micro-batches run side by side on lanes of one thread each; their
// gradients are summed in the micro-batches' order, so that a step's result does not depend on the number of threads.
//
// Owner    a training run. Threads: one caller; lanes live for one call.
// Errors   internal: the loss or the gradient is not a finite number (the weights are as before the step);
//          resource_exhausted: memory.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "gradients/adamw.h"
#include "gradients/loss.h"

namespace forebay::gradients {

// Of matrix products; automatic: bf16 where the device multiplies it natively.
enum class Precision { automatic, f32, bf16 };

struct LearnerSettings {
    std::uint32_t threads = 0;               // 0: one per processor
    std::int64_t micro_batch_tokens = 1024;  // padded tokens of a graph: part of what a run computes, not of how fast
    Precision precision = Precision::automatic;
    AdamSettings adam;
};

struct StepResult {
    double loss = 0;           // mean over the predicted tokens, before the update
    double gradient_norm = 0;  // before clipping
    std::uint64_t tokens = 0;
    std::uint64_t predictions = 0;
};

struct EvaluationResult {
    double loss = 0;
    std::uint64_t predictions = 0;
};

class Learner {
public:
    static Result<std::unique_ptr<Learner>> create_blocking(Weights& weights, std::unique_ptr<Loss> loss,
                                                            const LearnerSettings& settings);
    ~Learner();

    // One update from `rows`, of which at least one predicts something.
    Result<StepResult> step_blocking(const std::vector<const TokenRow*>& rows, double learning_rate);
    Result<EvaluationResult> evaluate_blocking(const std::vector<const TokenRow*>& rows);
    // The gradients of the loss over `rows`, without an update: for tests. In the order of Weights::trained().
    Result<std::vector<std::vector<float>>> gradients_blocking(const std::vector<const TokenRow*>& rows);

    // Updates so far: part of the state that a checkpoint keeps, with the moments of adam().
    std::uint64_t steps() const { return steps_; }
    void restore_steps(std::uint64_t steps) { steps_ = steps; }
    const AdamW& adam() const { return adam_; }

private:
    struct Lane;
    struct Turn;
    Learner(Weights& weights, AdamW adam, const LearnerSettings& settings);
    Result<double> accumulate_blocking(const std::vector<MicroBatch>& batches, std::uint64_t predictions);
    Result<double> on_lanes_blocking(const std::vector<MicroBatch>& batches, std::uint64_t predictions, bool backward);

    Weights& weights_;
    LearnerSettings settings_;
    AdamW adam_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    BackendPtr update_backend_;
    std::uint64_t steps_ = 0;
};

}  // namespace forebay::gradients
