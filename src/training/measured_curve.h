// The curve of a run whose steps are measured elsewhere: by an API or by a trainer of the user's.
//
// What is told about one step may come in parts (the evaluation loss later than the training loss); the parts are one
// point. After a resume the curve goes on where the trainer does.
//
// Threads  one, the driver's.
#pragma once
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "training/driver.h"
#include "training/run_folder.h"

namespace forebay::training {

struct Measured {
    std::uint64_t step = 0;
    std::optional<double> train_loss;
    std::optional<double> evaluation_loss;
    std::optional<double> learning_rate;
    std::optional<double> gradient_norm;
    std::optional<std::uint64_t> tokens;  // since the start of the run
    std::uint64_t total_steps = 0;        // 0: not said
};

// `progress` with a function for each that it lacks, which does nothing.
Progress completed(const Progress& progress);

class MeasuredCurve {
public:
    // What a step before the newest one means: a repetition that adds nothing, or that the trainer went back to a
    // checkpoint, so that the points from there on are cut.
    enum class StepBack { ignored, cuts };
    // `resumed`: the folder's curve may hold more than its state knows; the first point says where it goes on.
    MeasuredCurve(RunFolder& folder, StepBack step_back, bool resumed);

    // A new point, or more about the newest. Nothing: ignored. `seconds`: trained so far.
    Result<std::optional<CurvePoint>> put_blocking(const Measured& measured, double seconds);
    // The state that the points have made; the caller may set more of it.
    RunState& state() { return state_; }
    // Writes the newest point, which waits for more of its step, and the state.
    Result<void> save_blocking();

private:
    Result<void> flush_blocking();
    void take_into_state(const CurvePoint& point, const Measured& measured);

    RunFolder& folder_;
    const StepBack step_back_;
    bool may_hold_later_points_;
    RunState state_;
    std::optional<CurvePoint> newest_;  // of this attempt
    bool newest_is_written_ = false;
};

}  // namespace forebay::training
