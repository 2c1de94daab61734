#include "training/command_driver.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/gguf_check.h"
#include "exec/wait.h"
#include "openai/json_text.h"
#include "training/child_command.h"
#include "training/command_log.h"
#include "training/measured_curve.h"
#include "training/run_folder_files.h"

namespace forebay::training {
namespace {

using Element = simdjson::dom::element;

constexpr std::chrono::seconds save_every{1};
// For the last descriptors of an earlier attempt to go with what was killed.
constexpr std::chrono::seconds lock_patience{2};
constexpr std::size_t shown_line_bytes_max = 2'000;
constexpr std::uintmax_t metrics_bytes_max = 1024 * 1024;

// Held by the command and all that it starts, for as long as any of them lives: a second trainer would write into the
// same folder.
class CommandLock {
public:
    static Result<CommandLock> take_blocking(const std::string& file) {
        std::error_code ignored;
        const bool existed = std::filesystem::exists(file, ignored);
        CommandLock lock(Descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), existed);
        if (lock.descriptor() < 0) return fail(Code::unavailable, "cannot open '{}': {}", file, std::strerror(errno));
        const auto taken = [&lock] { return ::flock(lock.descriptor(), LOCK_EX | LOCK_NB) == 0; };
        if (!exec::wait_until_blocking(taken, Deadline::in(lock_patience))) {
            return fail(Code::conflict,
                        "what an earlier attempt of this run started is still running and holds '{}': end it first",
                        file);
        }
        return lock;
    }
    int descriptor() const { return file_.get(); }
    bool existed() const { return existed_; }

private:
    CommandLock(Descriptor file, bool existed) : file_(std::move(file)), existed_(existed) {}
    Descriptor file_;
    bool existed_;
};

std::optional<double> number_of(Element object, std::string_view name) {
    double number = 0;
    if (object[name].get(number) || !std::isfinite(number)) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> count_of(Element object, std::string_view name) {
    const auto number = number_of(object, name);
    if (!number || *number < 0 || *number >= 0x1p53) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

// Nothing: a line like any other.
std::optional<Measured> measured_in(simdjson::dom::parser& parser, std::string_view line) {
    Element object;
    if (!line.starts_with('{') || openai::parse_json(parser, line).get(object) || !object.is_object()) return {};
    const auto step = count_of(object, "step");
    Measured out;
    out.train_loss = number_of(object, "loss");
    out.evaluation_loss = number_of(object, "eval_loss");
    if (!step || (!out.train_loss && !out.evaluation_loss)) return std::nullopt;
    out.step = *step;
    out.learning_rate = number_of(object, "learning_rate");
    out.gradient_norm = number_of(object, "gradient_norm");
    out.tokens = count_of(object, "tokens");
    out.total_steps = count_of(object, "total_steps").value_or(0);
    return out;
}

// One attempt of one run.
class CommandRun {
public:
    CommandRun(const CommandDriver::Options& options, const Recipe& recipe, RunFolder& folder, const Progress& progress,
               bool resumed)
        : options_(options),
          recipe_(recipe),
          folder_(folder),
          progress_(progress),
          resumed_(resumed),
          output_(folder.path() + "/output"),
          curve_(folder, MeasuredCurve::StepBack::cuts, resumed),
          log_(folder.path(), options.log_bytes_max),
          seconds_before_(folder.state().trained_seconds),
          started_(options.now()) {}

    Result<TrainingOutput> run_blocking(const CommandLock& lock);

private:
    Result<std::vector<std::string>> environment() const;
    void take_output(std::string_view line);
    void take_other(std::string_view line);
    void save_now_and_then();
    double seconds() const {
        return seconds_before_ + std::chrono::duration<double>(options_.now() - started_).count();
    }
    Result<TrainingOutput> output_blocking();
    std::string metrics_blocking();

    const CommandDriver::Options& options_;
    const Recipe& recipe_;
    RunFolder& folder_;
    const Progress& progress_;
    const bool resumed_;
    const std::string output_;
    MeasuredCurve curve_;
    CommandLog log_;
    const double seconds_before_;
    const SteadyClock::time_point started_;
    SteadyClock::time_point saved_ = started_;
    simdjson::dom::parser parser_;
    std::optional<Error> fault_;  // of the run's folder, met while lines came
    bool told_log_fault_ = false;
};

Result<std::vector<std::string>> CommandRun::environment() const {
    std::string base = options_.base_file;
    if (base.empty() && recipe_.base.starts_with('/')) base = recipe_.base;
    if (base.empty() && !recipe_.base.empty() && !recipe_.from_scratch) {
        return fail_field("base", fmt::format("the base '{}' is not a file here", recipe_.base));
    }
    std::vector<std::string> out;
    for (char** entry = ::environ; *entry; ++entry) {
        const std::string_view variable = *entry;
        const std::string_view name = variable.substr(0, variable.find('='));
        const bool named = name == "PATH" || name == "HOME" || name == "LANG" || name == "TMPDIR";
        const bool wanted = std::ranges::find(options_.pass_on, name) != options_.pass_on.end();
        if (named || wanted || name.starts_with("CUDA_")) out.emplace_back(variable);
    }
    out.push_back("FOREBAY_RECIPE=" + folder_.path() + "/recipe.yaml");
    out.push_back("FOREBAY_TRAIN=" + recipe_.data.train);
    out.push_back("FOREBAY_EVALUATION=" + recipe_.data.evaluation);
    out.push_back("FOREBAY_BASE=" + base);
    out.push_back("FOREBAY_OUTPUT=" + output_);
    out.push_back(fmt::format("FOREBAY_RESUME={}", resumed_ ? 1 : 0));
    return out;
}

void CommandRun::take_output(std::string_view line) {
    const auto measured = measured_in(parser_, line);
    if (!measured) return take_other(line);
    if (fault_) return;
    const auto point = curve_.put_blocking(*measured, seconds());
    if (!point) {
        fault_ = point.error();
        return;
    }
    save_now_and_then();
    if (*point) progress_.on_step(**point, curve_.state());
}

void CommandRun::take_other(std::string_view line) {
    if (!log_.add_blocking(line) && !std::exchange(told_log_fault_, true)) {
        progress_.on_line("log.txt in the run's folder cannot be written; the command goes on");
    }
    progress_.on_line(plain_line(line, shown_line_bytes_max));
}

// A trainer may tell a thousand steps a second; each save waits for the disk.
void CommandRun::save_now_and_then() {
    const auto now = options_.now();
    if (now - saved_ < save_every) return;
    saved_ = now;
    if (const auto saved = curve_.save_blocking(); !saved) fault_ = saved.error();
}

Result<TrainingOutput> CommandRun::run_blocking(const CommandLock& lock) {
    std::error_code error;
    std::filesystem::create_directories(output_, error);
    if (error) return fail(Code::unavailable, "cannot make '{}': {}", output_, error.message());
    ChildCommand::Start start;
    start.arguments = recipe_.driver.command;
    start.folder = folder_.path();
    start.kept_open = lock.descriptor();
    FOREBAY_TRY(start.environment, environment());
    FOREBAY_TRY(const auto child, ChildCommand::start_blocking(start));

    ChildCommand::Follow follow;
    follow.on_output = [this](std::string_view line) { take_output(line); };
    follow.on_error = [this](std::string_view line) { take_other(line); };
    follow.stop_asked = [this] { return fault_ || progress_.stop_asked(); };
    follow.grace = options_.grace;
    const auto ended = child->follow_blocking(follow);

    curve_.state().trained_seconds = seconds();
    if (fault_) return std::unexpected(*fault_);
    FOREBAY_TRY_VOID(curve_.save_blocking());
    if (ended.stopped) {
        return fail(Code::cancelled, "stopped; the command {} and goes on from what it saved when the run is resumed",
                    to_string(ended));
    }
    if (ended.code != 0) {
        const std::string lines = log_.last_lines();
        return fail(Code::bad_upstream, "the command {}{}{}", to_string(ended),
                    lines.empty() ? "; it said nothing" : "; its last lines:\n", lines);
    }
    return output_blocking();
}

Result<TrainingOutput> CommandRun::output_blocking() {
    std::error_code ignored;
    const std::string model = output_ + "/model.gguf";
    const std::string adapter = output_ + "/adapter.gguf";
    const bool has_model = std::filesystem::exists(model, ignored);
    const bool has_adapter = std::filesystem::exists(adapter, ignored);
    if (has_model == has_adapter) {
        return fail(Code::invalid_argument, "the command exited with code 0, but left {} in '{}'",
                    has_model ? "both model.gguf and adapter.gguf" : "neither model.gguf nor adapter.gguf", output_);
    }
    TrainingOutput output;
    output.adapter = has_adapter;
    output.file = has_model ? model : adapter;
    if (const auto checked = engine::check_gguf_blocking(output.file); !checked) {
        return fail(Code::invalid_argument, "what the command left cannot be used: {}", checked.error().message);
    }
    output.evaluation = metrics_blocking();
    curve_.state().output_file = output.file;
    FOREBAY_TRY_VOID(curve_.save_blocking());
    if (const auto plotted = folder_.plot_blocking(); !plotted) progress_.on_line(plotted.error().message);
    return output;
}

// The model is made: metrics that cannot be read must not lose it.
std::string CommandRun::metrics_blocking() {
    const std::string file = output_ + "/metrics.json";
    std::error_code error;
    const auto bytes = std::filesystem::file_size(file, error);
    if (error) return "";
    Element object;
    std::string text(static_cast<std::size_t>(std::min(bytes, metrics_bytes_max)), '\0');
    std::ifstream(file, std::ios::binary).read(text.data(), static_cast<std::streamsize>(text.size()));
    if (bytes > metrics_bytes_max || openai::parse_json(parser_, text).get(object) || !object.is_object()) {
        take_other("metrics.json is left out: it must be a JSON object of at most 1 MiB");
        return "";
    }
    return simdjson::minify(object);
}

}  // namespace

Result<TrainingOutput> CommandDriver::run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) {
    FOREBAY_TRY(const auto lock, CommandLock::take_blocking(folder.path() + "/command.lock"));
    const Progress complete = completed(progress);
    CommandRun run(options_, recipe, folder, complete, lock.existed());
    return run.run_blocking(lock);
}

}  // namespace forebay::training
