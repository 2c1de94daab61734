#include "app/train_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "training/readable.h"
#include "training/run_state_json.h"

namespace forebay::app {
namespace {

using training::RunState;
using training::ScoreResult;

std::string short_time(std::int64_t micros) {
    if (micros == 0) return "-";
    std::string text = format_utc(micros).substr(0, 19);
    text[10] = ' ';
    return text;
}

std::string loss_text(double loss) { return loss == 0 ? "-" : fmt::format("{:.4f}", loss); }

std::string percent(double part) { return fmt::format("{:.1f} %", 100 * part); }

void add_line(std::string& out, std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("{:<16}{}\n", name, value);
}

}  // namespace

std::string run_table(const std::vector<RunState>& runs) {
    std::size_t width = 2;
    for (const RunState& state : runs) width = std::max(width, state.id.size());
    std::string out = fmt::format("{:<{}}  {:<11}  {:>15}  {:>8}  {:>8}  {}\n", "ID", width, "STATUS", "STEPS", "LOSS",
                                  "EVAL", "STARTED (UTC)");
    for (const RunState& state : runs) {
        out +=
            fmt::format("{:<{}}  {:<11}  {:>15}  {:>8}  {:>8}  {}\n", state.id, width, training::name_of(state.status),
                        fmt::format("{}/{}", state.steps, state.steps_planned), loss_text(state.train_loss),
                        loss_text(state.evaluation_loss), short_time(state.started_micros));
    }
    return out;
}

std::string score_page(const ScoreResult& score) {
    std::string out;
    add_line(out, "rows", count_text(score.rows));
    add_line(out, "valid JSON", percent(score.valid_json));
    add_line(out, "exact", percent(score.exact));
    for (const auto& [name, part] : score.by_field) add_line(out, "  " + name, percent(part));
    return out;
}

std::string run_page(const RunState& state, const std::string& folder) {
    std::string out;
    add_line(out, "run", state.id);
    add_line(out, "status", training::name_of(state.status));
    add_line(out, "error", state.error);
    add_line(out, "driver", state.driver);
    add_line(out, "started", short_time(state.started_micros));
    add_line(out, "ended", state.ended_micros == 0 ? "" : short_time(state.ended_micros));
    add_line(out, "steps", fmt::format("{} of {}", count_text(state.steps), count_text(state.steps_planned)));
    add_line(out, "tokens", count_text(state.tokens));
    if (state.trained_seconds > 0) {
        const auto rate = static_cast<std::uint64_t>(static_cast<double>(state.tokens) / state.trained_seconds);
        add_line(out, "trained",
                 fmt::format("{}, {} tokens/s", training::readable_duration(state.trained_seconds), count_text(rate)));
    }
    add_line(out, "loss", loss_text(state.train_loss));
    add_line(out, "evaluation",
             fmt::format("{} (best {})", loss_text(state.evaluation_loss), loss_text(state.best_evaluation_loss)));
    if (state.score) out += score_page(*state.score);
    add_line(out, "weights", state.weights_digest.empty() ? "" : "sha256:" + state.weights_digest);
    add_line(out, "output", state.output_file);
    add_line(out, "registered", state.registered);
    // Until there is a job, the driver notes its uploads there.
    if (!state.remote_job.starts_with("files:")) add_line(out, "remote job", state.remote_job);
    add_line(out, "curve", folder + "/curve.svg");
    return out;
}

std::string run_json(const RunState& state) {
    // state.json is indented for people who open it; one line is for scripts.
    std::string out;
    bool at_line_start = false;
    for (const char c : training::to_json(state)) {
        if (c == '\n') {
            at_line_start = true;
        } else if (!(at_line_start && c == ' ')) {
            at_line_start = false;
            out.push_back(c);
        }
    }
    return out;
}

}  // namespace forebay::app
