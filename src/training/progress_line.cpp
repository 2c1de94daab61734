#include "training/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "training/readable.h"

namespace forebay::training {
namespace {

using namespace std::chrono_literals;

constexpr auto terminal_interval = 100ms;
constexpr auto plain_interval = 10s;
constexpr auto rate_window = 30s;
constexpr std::size_t plain_columns = 160;
constexpr std::size_t bar_most = 24;
constexpr std::size_t bar_least = 6;
constexpr std::size_t gap = 2;  // between two parts

std::string bar(double part, std::size_t width) {
    const auto full = static_cast<std::size_t>(part * static_cast<double>(width) + 1e-9);
    return fmt::format("[{}{}]", std::string(full, '#'), std::string(width - full, '.'));
}

}  // namespace

void ProgressLine::remember(const CurvePoint& point, SteadyClock::time_point now) {
    // A resume after a cut curve goes back: what was before says nothing about now.
    if (!recent_.empty() && point.step <= recent_.back().step) recent_.clear();
    recent_.push_back({now, point.step, point.tokens});
    while (recent_.size() > 2 && now - recent_[1].at >= rate_window) recent_.pop_front();
}

void ProgressLine::update(const CurvePoint& point, const RunState& state) {
    const auto now = output_.now();
    remember(point, now);
    newest_ = point;
    steps_planned_ = state.steps_planned;
    evaluation_loss_ = point.evaluation_loss.value_or(evaluation_loss_ == 0 ? state.evaluation_loss : evaluation_loss_);
    has_point_ = true;
    is_drawn_ = false;
    if (now >= next_draw_) draw(now);
}

void ProgressLine::say(std::string_view line) {
    output_.write(fmt::format("{}{}\n", line_is_open_ ? "\r\x1b[K" : "", line));
    line_is_open_ = false;
    if (has_point_ && output_.is_terminal) draw(output_.now());
}

void ProgressLine::finish() {
    if (has_point_ && !is_drawn_) draw(output_.now());
    if (line_is_open_) output_.write("\n");
    line_is_open_ = false;
    has_point_ = false;
    recent_.clear();
    next_draw_ = {};
}

void ProgressLine::draw(SteadyClock::time_point now) {
    if (output_.is_terminal) {
        // One column is left free: some terminals wrap when the last one is written.
        const std::size_t columns = output_.columns ? std::max<std::size_t>(output_.columns(), 21) : 80;
        output_.write(fmt::format("\r{}\x1b[K", text(columns - 1)));
        line_is_open_ = true;
    } else {
        output_.write(text(plain_columns) + "\n");
    }
    next_draw_ = now + (output_.is_terminal ? SteadyClock::duration(terminal_interval) : plain_interval);
    is_drawn_ = true;
}

std::string ProgressLine::text(std::size_t columns) const {
    const std::uint64_t planned = std::max(steps_planned_, newest_.step);
    const double part = planned == 0 ? 0 : static_cast<double>(newest_.step) / static_cast<double>(planned);
    const Sample& first = recent_.front();
    const double seconds = std::chrono::duration<double>(recent_.back().at - first.at).count();
    const bool has_rate = recent_.size() > 1 && seconds > 0;

    // In the order of their use to the reader; those that do not fit are left out from the end.
    std::string out = fmt::format("step {}/{}", grouped(newest_.step), grouped(planned));
    std::vector<std::string> parts{fmt::format("loss {:.3f}", newest_.train_loss)};
    std::string tail = fmt::format("{}%", static_cast<int>(part * 100 + 1e-9));
    if (evaluation_loss_ != 0) parts.push_back(fmt::format("eval {:.3f}", evaluation_loss_));
    if (has_rate) {
        const auto tokens = static_cast<double>(newest_.tokens - std::min(newest_.tokens, first.tokens)) / seconds;
        parts.push_back(fmt::format("{} tokens/s", grouped(static_cast<std::uint64_t>(std::llround(tokens)))));
        const double steps_a_second = static_cast<double>(newest_.step - first.step) / seconds;
        const auto left = static_cast<double>(planned - newest_.step) / steps_a_second;
        if (newest_.step < planned) tail += fmt::format("  {} left", readable_duration(left));
    }
    const std::size_t room = columns - std::min(columns, tail.size() + gap);
    for (const auto& one : parts) {
        if (out.size() + gap + one.size() > room) break;
        out += std::string(gap, ' ') + one;
    }
    const std::size_t frame = gap + 3;  // the gap before, brackets, the blank before the percentage
    if (room + gap > out.size() + frame + bar_least) {
        out += std::string(gap, ' ') + bar(part, std::min(bar_most, room + gap - out.size() - frame)) + " " + tail;
    } else if (out.size() + gap + tail.size() <= columns) {
        out += std::string(gap, ' ') + tail;
    }
    return out.substr(0, columns);
}

}  // namespace forebay::training
