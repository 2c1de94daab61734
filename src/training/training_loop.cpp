#include "training/training_loop.h"

#include <filesystem>

#include "base/clock.h"
#include "training/learning_rate.h"

namespace forebay::training {
namespace {

std::uint64_t steps_of(const Recipe& recipe, std::uint64_t epochs_steps) {
    return recipe.steps_max == 0 ? epochs_steps : std::min<std::uint64_t>(recipe.steps_max, epochs_steps);
}

std::vector<const gradients::TokenRow*> pointers(const std::vector<gradients::TokenRow>& rows) {
    std::vector<const gradients::TokenRow*> out;
    for (const gradients::TokenRow& row : rows) out.push_back(&row);
    return out;
}

}  // namespace

TrainingLoop::TrainingLoop(const Recipe& recipe, const EncodedData& data, gradients::Weights& weights,
                           gradients::Learner& learner, RunFolder& folder, const Progress& progress)
    : recipe_(recipe),
      data_(data),
      weights_(weights),
      learner_(learner),
      folder_(folder),
      progress_(progress),
      rows_(data.train.size(), recipe.batch, recipe.seed),
      steps_(steps_of(recipe, rows_.steps(recipe.epochs))) {}

bool TrainingLoop::ended() const {
    return state_.step >= steps_ || (recipe_.early_stop > 0 && state_.evaluations_without_better >= recipe_.early_stop);
}

Result<void> TrainingLoop::restore_blocking() {
    state_.recipe_digest = folder_.state().recipe_digest;
    RunState run = folder_.state();
    if (const auto file = newest_checkpoint_blocking(folder_.path())) {
        FOREBAY_TRY(state_, read_checkpoint_blocking(*file, run.recipe_digest, weights_, learner_));
    }
    FOREBAY_TRY_VOID(folder_.cut_curve_blocking(state_.step));
    run.steps_planned = steps_;
    run.steps = state_.step;
    return folder_.save_blocking(run);
}

Result<void> TrainingLoop::run_blocking() {
    FOREBAY_TRY_VOID(restore_blocking());
    while (!ended()) {
        if (progress_.stop_asked && progress_.stop_asked()) {
            FOREBAY_TRY_VOID(checkpoint_blocking());
            return fail(Code::cancelled, "stopped after step {} of {}; `forebay train resume {}` goes on from there",
                        state_.step, steps_, folder_.state().id);
        }
        FOREBAY_TRY_VOID(step_blocking());
    }
    return finish_blocking();
}

Result<void> TrainingLoop::step_blocking() {
    const auto begun = SteadyClock::now();
    std::vector<const gradients::TokenRow*> rows;
    for (const std::uint64_t row : rows_.of(state_.step)) rows.push_back(&data_.train[row]);
    CurvePoint point;
    point.learning_rate = learning_rate_at(recipe_.learning_rate, state_.step, steps_);
    FOREBAY_TRY(const gradients::StepResult result, learner_.step_blocking(rows, point.learning_rate));
    ++state_.step;
    state_.tokens += result.tokens;
    state_.train_loss = result.loss;
    point.step = state_.step;
    point.train_loss = result.loss;
    point.gradient_norm = result.gradient_norm;
    point.tokens = state_.tokens;
    const bool last = state_.step == steps_;
    if (!data_.evaluation.empty() && (last || state_.step % recipe_.evaluate_every == 0)) {
        FOREBAY_TRY_VOID(evaluate_blocking(point));
    }
    state_.trained_seconds += std::chrono::duration<double>(SteadyClock::now() - begun).count();
    point.seconds = state_.trained_seconds;
    FOREBAY_TRY_VOID(folder_.append_blocking(point));
    if (last || state_.step % recipe_.checkpoint_every == 0) FOREBAY_TRY_VOID(checkpoint_blocking());
    if (progress_.on_step) progress_.on_step(point, folder_.state());
    return {};
}

Result<void> TrainingLoop::evaluate_blocking(CurvePoint& point) {
    FOREBAY_TRY(const gradients::EvaluationResult result, learner_.evaluate_blocking(pointers(data_.evaluation)));
    point.evaluation_loss = result.loss;
    state_.evaluation_loss = result.loss;
    if (state_.best_evaluation_loss == 0 || result.loss < state_.best_evaluation_loss) {
        state_.best_evaluation_loss = result.loss;
        state_.evaluations_without_better = 0;
        return keep_best_blocking();
    }
    ++state_.evaluations_without_better;
    return {};
}

// With early stopping the model of the best evaluation is the result, not that of the last step.
Result<void> TrainingLoop::keep_best_blocking() {
    if (recipe_.early_stop == 0) return {};
    return write_checkpoint_blocking(folder_.path() + "/best.bin", state_, weights_, learner_);
}

Result<void> TrainingLoop::checkpoint_blocking() {
    FOREBAY_TRY_VOID(
        write_checkpoint_blocking(checkpoint_file(folder_.path(), state_.step), state_, weights_, learner_));
    prune_checkpoints_blocking(folder_.path(), recipe_.checkpoints_kept);
    RunState run = folder_.state();
    run.steps = state_.step;
    run.tokens = state_.tokens;
    run.trained_seconds = state_.trained_seconds;
    run.train_loss = state_.train_loss;
    run.evaluation_loss = state_.evaluation_loss;
    run.best_evaluation_loss = state_.best_evaluation_loss;
    return folder_.save_blocking(run);
}

Result<void> TrainingLoop::finish_blocking() {
    // An early stop may lie between two checkpoints.
    FOREBAY_TRY_VOID(checkpoint_blocking());
    const std::string best = folder_.path() + "/best.bin";
    if (recipe_.early_stop > 0 && std::filesystem::exists(best)) {
        FOREBAY_TRY_VOID(read_checkpoint_blocking(best, state_.recipe_digest, weights_, learner_));
    }
    return folder_.plot_blocking();
}

}  // namespace forebay::training
