// The steps of a local run, from where it stands to its end: learning rate, steps, evaluations, checkpoints, early
// stop.
#pragma once
#include <optional>

#include "gradients/learner.h"
#include "training/checkpoint.h"
#include "training/driver.h"
#include "training/step_rows.h"
#include "training/training_data.h"

namespace forebay::training {

class TrainingLoop {
public:
    TrainingLoop(const Recipe& recipe, const EncodedData& data, gradients::Weights& weights,
                 gradients::Learner& learner, RunFolder& folder, const Progress& progress);

    // Goes on from the newest checkpoint. cancelled: asked to stop; a checkpoint was written.
    Result<void> run_blocking();

private:
    Result<void> restore_blocking();
    Result<void> step_blocking();
    Result<void> evaluate_blocking(CurvePoint& point);
    Result<void> checkpoint_blocking();
    Result<void> keep_best_blocking();
    Result<void> finish_blocking();
    bool ended() const;

    const Recipe& recipe_;
    const EncodedData& data_;
    gradients::Weights& weights_;
    gradients::Learner& learner_;
    RunFolder& folder_;
    const Progress& progress_;
    StepRows rows_;
    std::uint64_t steps_;
    CheckpointState state_;
};

}  // namespace forebay::training
