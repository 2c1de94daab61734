#include "training/measured_curve.h"

#include <algorithm>

namespace forebay::training {

Progress completed(const Progress& progress) {
    Progress out = progress;
    if (!out.on_step) out.on_step = [](const CurvePoint&, const RunState&) {};
    if (!out.on_line) out.on_line = [](const std::string&) {};
    if (!out.stop_asked) out.stop_asked = [] { return false; };
    return out;
}

MeasuredCurve::MeasuredCurve(RunFolder& folder, StepBack step_back, bool resumed)
    : folder_(folder), step_back_(step_back), may_hold_later_points_(resumed), state_(folder.state()) {}

void MeasuredCurve::take_into_state(const CurvePoint& point, const Measured& measured) {
    state_.steps = point.step;
    if (measured.total_steps > 0) state_.steps_planned = measured.total_steps;
    state_.steps_planned = std::max(state_.steps_planned, state_.steps);
    state_.tokens = point.tokens;
    state_.train_loss = point.train_loss;
    state_.trained_seconds = point.seconds;
    if (measured.evaluation_loss) {
        const bool first = state_.evaluation_loss == 0 && state_.best_evaluation_loss == 0;
        state_.evaluation_loss = *measured.evaluation_loss;
        state_.best_evaluation_loss =
            first ? state_.evaluation_loss : std::min(state_.best_evaluation_loss, state_.evaluation_loss);
    }
}

Result<void> MeasuredCurve::flush_blocking() {
    if (!newest_ || newest_is_written_) return {};
    FOREBAY_TRY_VOID(folder_.append_blocking(*newest_));
    newest_is_written_ = true;
    return {};
}

Result<void> MeasuredCurve::save_blocking() {
    FOREBAY_TRY_VOID(flush_blocking());
    return folder_.save_blocking(state_);
}

Result<std::optional<CurvePoint>> MeasuredCurve::put_blocking(const Measured& measured, double seconds) {
    const std::uint64_t newest = newest_ ? newest_->step : state_.steps;
    const bool same = newest_ && measured.step == newest_->step;
    const bool back = measured.step < newest || (!same && state_.steps > 0 && measured.step == newest);
    if (back && step_back_ == StepBack::ignored) return std::optional<CurvePoint>();

    if (!same) FOREBAY_TRY_VOID(flush_blocking());
    const bool cuts = same ? newest_is_written_ : back || may_hold_later_points_;
    if (cuts) FOREBAY_TRY_VOID(folder_.cut_curve_blocking(measured.step == 0 ? 0 : measured.step - 1));
    // A curve cannot be cut before its step 0, which therefore stays as it was first told.
    newest_is_written_ = cuts && measured.step == 0;
    may_hold_later_points_ = false;

    CurvePoint point = same ? *newest_ : CurvePoint();
    point.step = measured.step;
    point.train_loss = measured.train_loss.value_or(same ? newest_->train_loss : state_.train_loss);
    point.learning_rate = measured.learning_rate.value_or(point.learning_rate);
    point.gradient_norm = measured.gradient_norm.value_or(point.gradient_norm);
    point.tokens = measured.tokens.value_or(state_.tokens);
    point.seconds = seconds;
    if (measured.evaluation_loss) point.evaluation_loss = measured.evaluation_loss;
    newest_ = point;
    take_into_state(point, measured);
    return std::optional<CurvePoint>(point);
}

}  // namespace forebay::training
