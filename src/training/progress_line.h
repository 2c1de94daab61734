// The line that shows how a run is getting on:
//
//   step 412/2,000  loss 0.412  eval 0.455  4,120 tokens/s  [####################....] 21%  6 min 10 s left
//
// On a terminal it is rewritten in place, at most ten times a second, and shortened to the terminal's width; elsewhere
// a plain line is written every ten seconds. Rate and time left come from the last half minute, so that they follow a
// machine that got busy, and pauses between resumes do not count.
//
// Threads  one.
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "training/run_folder.h"

namespace forebay::training {

struct ProgressOutput {
    std::function<void(std::string_view text)> write;
    bool is_terminal = false;
    std::function<std::size_t()> columns;  // of the terminal now
    std::function<SteadyClock::time_point()> now = SteadyClock::now;
};

class ProgressLine {
public:
    explicit ProgressLine(ProgressOutput output) : output_(std::move(output)) {}

    // As driver.h's Progress::on_step: one call a step.
    void update(const CurvePoint& point, const RunState& state);
    // An event worth a line of its own, above the progress line.
    void say(std::string_view line);
    // Writes the last state and ends the line. Later updates begin a new one.
    void finish();

private:
    struct Sample {
        SteadyClock::time_point at;
        std::uint64_t step;
        std::uint64_t tokens;
    };
    void remember(const CurvePoint& point, SteadyClock::time_point now);
    std::string text(std::size_t columns) const;
    void draw(SteadyClock::time_point now);

    ProgressOutput output_;
    std::deque<Sample> recent_;
    CurvePoint newest_;
    double evaluation_loss_ = 0;  // newest; 0 before the first
    std::uint64_t steps_planned_ = 0;
    bool has_point_ = false;
    bool is_drawn_ = false;      // `newest_` has been written
    bool line_is_open_ = false;  // terminal: the cursor stands behind the progress line
    SteadyClock::time_point next_draw_{};
};

}  // namespace forebay::training
