#include "training/run_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "training/recipe.h"
#include "training/run_folder_files.h"
#include "training/run_state_json.h"

namespace forebay::training {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view unfinished_prefix = ".new-";  // a folder that create_blocking has not finished

std::string state_file(const std::string& folder) { return folder + "/state.json"; }
std::string curve_file(const std::string& folder) { return folder + "/curve.jsonl"; }
std::string recipe_file(const std::string& folder) { return folder + "/recipe.yaml"; }
std::string lock_file(const std::string& folder) { return folder + "/lock"; }

// "k3f9": enough that two runs of one name within a minute differ; a clash is drawn again.
std::string random_suffix() {
    constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
    static_assert(letters.size() == 32);
    std::array<std::uint8_t, 4> bytes{};
    fill_random(bytes);
    std::string out;
    for (const auto byte : bytes) out.push_back(letters[byte % letters.size()]);
    return out;
}

// "20261122-0153-triage-k3f9", in UTC.
std::string new_id(std::int64_t unix_micros, std::string_view name) {
    const auto utc = format_utc(unix_micros);  // 2026-11-22T01:53:09.…
    return fmt::format("{}{}{}-{}{}-{}-{}", utc.substr(0, 4), utc.substr(5, 2), utc.substr(8, 2), utc.substr(11, 2),
                       utc.substr(14, 2), name, random_suffix());
}

Result<void> make_folder_blocking(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    return fail(Code::unavailable, "cannot create the folder {}: {}", path, std::generic_category().message(errno));
}

Result<RunState> read_state_blocking(const std::string& folder) {
    FOREBAY_TRY(const auto text, read_whole_blocking(state_file(folder)));
    auto state = parse_run_state(text);
    if (!state) return fail(state.error().code, "{} cannot be used: {}", state_file(folder), state.error().message);
    return state;
}

// The entry of `train list`: what the folder says, and whether somebody runs it.
RunState look_at_blocking(const fs::path& folder) {
    auto state = read_state_blocking(folder.string());
    if (!state) {
        RunState damaged;
        damaged.id = folder.filename().string();
        damaged.status = RunStatus::failed;
        damaged.error = state.error().message;
        return damaged;
    }
    state->id = folder.filename().string();
    const bool unfinished = state->status == RunStatus::running || state->status == RunStatus::interrupted;
    if (unfinished) {
        const bool held = RunLock::is_held_blocking(lock_file(folder.string()));
        state->status = held ? RunStatus::running : RunStatus::interrupted;
    }
    return *std::move(state);
}

class OpenRunFolder final : public RunFolder {
public:
    OpenRunFolder(std::string path, RunLock lock, Descriptor curve, RunState state)
        : path_(std::move(path)), lock_(std::move(lock)), curve_(std::move(curve)), state_(std::move(state)) {}

    const std::string& path() const override { return path_; }
    std::string recipe_yaml_blocking() const override {
        auto text = read_whole_blocking(recipe_file(path_));
        if (!text) log::error("{}", text.error().message);
        return text ? *std::move(text) : "";
    }
    const RunState& state() const override { return state_; }

    // The curve first, so that a state never names a step that a power cut took from the curve.
    Result<void> save_blocking(const RunState& state) override {
        FOREBAY_TRY_VOID(sync_blocking(curve_, curve_file(path_)));
        FOREBAY_TRY_VOID(replace_whole_blocking(state_file(path_), to_json(state)));
        state_ = state;
        return {};
    }
    Result<void> append_blocking(const CurvePoint& point) override {
        return training::append_blocking(curve_, curve_file(path_), to_json(point) + "\n");
    }
    Result<void> cut_curve_blocking(std::uint64_t step) override;
    Result<void> plot_blocking() override {
        FOREBAY_TRY(const auto points, read_curve_blocking(path_));
        return replace_whole_blocking(path_ + "/curve.svg", curve_svg(points, state_.id));
    }

    static Result<Descriptor> open_curve_blocking(const std::string& folder) {
        const auto path = curve_file(folder);
        const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0) return Descriptor(fd);
        return fail(Code::unavailable, "cannot open {}: {}", path, std::generic_category().message(errno));
    }

private:
    const std::string path_;
    RunLock lock_;
    Descriptor curve_;
    RunState state_;
};

// Keeps what can be read: a curve damaged by hand must not keep a run from going on.
Result<void> OpenRunFolder::cut_curve_blocking(std::uint64_t step) {
    FOREBAY_TRY(const auto text, read_whole_blocking(curve_file(path_)));
    std::string kept;
    std::size_t unreadable = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        if (end == std::string::npos) break;  // torn by a kill
        const auto line = std::string_view(text).substr(at, end - at);
        const auto point = parse_curve_point(line);
        if (!point) ++unreadable;
        if (point && point->step <= step) kept.append(line).push_back('\n');
        at = end + 1;
    }
    if (unreadable > 0) log::warning("{}: {} unreadable lines were dropped", curve_file(path_), unreadable);
    FOREBAY_TRY_VOID(replace_whole_blocking(curve_file(path_), kept));
    FOREBAY_TRY(curve_, open_curve_blocking(path_));
    return {};
}

// A kill in the middle of an append leaves half a line: the next append must not continue it.
Result<void> drop_torn_line_blocking(const std::string& folder) {
    const auto path = curve_file(folder);
    const auto text = read_whole_blocking(path);
    if (!text && text.error().code == Code::not_found) return {};
    if (!text) return std::unexpected(text.error());
    if (text->empty() || text->ends_with('\n')) return {};
    const auto end = text->rfind('\n');
    return replace_whole_blocking(path, std::string_view(*text).substr(0, end == std::string::npos ? 0 : end + 1));
}

// Everything below `folder` that a new run has; the lock is held from the beginning.
Result<std::pair<RunLock, Descriptor>> fill_folder_blocking(const std::string& folder, const std::string& recipe_yaml,
                                                            const RunState& state) {
    FOREBAY_TRY_VOID(make_folder_blocking(folder));
    FOREBAY_TRY(auto lock, RunLock::take_blocking(lock_file(folder)));
    FOREBAY_TRY_VOID(make_folder_blocking(folder + "/output"));
    FOREBAY_TRY_VOID(replace_whole_blocking(recipe_file(folder), recipe_yaml));
    FOREBAY_TRY(auto curve, OpenRunFolder::open_curve_blocking(folder));
    FOREBAY_TRY_VOID(replace_whole_blocking(state_file(folder), to_json(state)));
    return std::pair(std::move(lock), std::move(curve));
}

std::string some_of(const std::vector<RunState>& runs) {
    constexpr std::size_t shown_max = 5;
    std::string out;
    for (std::size_t i = 0; i < std::min(runs.size(), shown_max); ++i) {
        out.append(out.empty() ? "" : ", ").append(runs[i].id);
    }
    if (runs.size() > shown_max) out += fmt::format(" and {} more", runs.size() - shown_max);
    return out;
}

}  // namespace

Result<std::unique_ptr<RunFolder>> RunFolder::create_blocking(const std::string& training_folder,
                                                              const std::string& name, const std::string& recipe_yaml) {
    if (!is_model_name(name)) return fail(Code::invalid_argument, "a run's name must be a model's name");
    std::error_code error;
    fs::create_directories(training_folder, error);
    if (error) return fail(Code::unavailable, "cannot create the folder {}: {}", training_folder, error.message());

    const auto root = fs::absolute(training_folder, error).lexically_normal();
    for (int attempt = 0; attempt < 100; ++attempt) {
        RunState state;
        state.name = name;
        state.started_micros = unix_micros_now();
        state.id = new_id(state.started_micros, name);
        state.recipe_digest = to_hex(sha256(recipe_yaml));
        // Filled under another name first: a run that can be seen is whole.
        const auto beside = (root / (std::string(unfinished_prefix) + state.id)).string();
        const auto path = (root / state.id).string();
        FOREBAY_TRY(auto open, fill_folder_blocking(beside, recipe_yaml, state));
        if (::rename(beside.c_str(), path.c_str()) == 0) {
            FOREBAY_TRY_VOID(sync_folder_blocking(root.string()));
            return std::make_unique<OpenRunFolder>(path, std::move(open.first), std::move(open.second),
                                                   std::move(state));
        }
        const int reason = errno;
        fs::remove_all(beside, error);
        if (reason != EEXIST && reason != ENOTEMPTY) {
            return fail(Code::unavailable, "cannot create {}: {}", path, std::generic_category().message(reason));
        }
    }
    return fail(Code::unavailable, "cannot find a free id for a run in {}", root.string());
}

Result<std::unique_ptr<RunFolder>> RunFolder::open_blocking(const std::string& training_folder, const std::string& id) {
    FOREBAY_TRY(const auto found, find_run_blocking(training_folder, id));
    std::error_code ignored;
    const auto path = (fs::absolute(training_folder, ignored) / found.id).lexically_normal().string();
    auto lock = RunLock::take_blocking(lock_file(path));
    if (!lock && lock.error().code == Code::conflict) {
        return fail(Code::conflict, "the run {} is being run by another process", found.id);
    }
    if (!lock) return std::unexpected(lock.error());
    // Only now: whoever held the lock may just have written it.
    FOREBAY_TRY(auto state, read_state_blocking(path));
    state.id = found.id;
    if (state.status == RunStatus::interrupted) state.status = RunStatus::running;
    FOREBAY_TRY_VOID(drop_torn_line_blocking(path));
    FOREBAY_TRY(auto curve, OpenRunFolder::open_curve_blocking(path));
    return std::make_unique<OpenRunFolder>(path, *std::move(lock), std::move(curve), std::move(state));
}

Result<std::vector<RunState>> list_runs_blocking(const std::string& training_folder) {
    std::vector<RunState> runs;
    std::error_code error;
    for (fs::directory_iterator it(training_folder, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->path().filename().string().starts_with('.') || !it->is_directory(ignored)) continue;
        runs.push_back(look_at_blocking(it->path()));
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(Code::unavailable, "cannot read the folder {}: {}", training_folder, error.message());
    }
    // An id begins with its minute; a damaged run has nothing else.
    constexpr std::size_t minute_size = std::string_view("20261122-0153").size();
    std::ranges::sort(runs, [](const RunState& a, const RunState& b) {
        const auto key = [](const RunState& run) {
            return std::tuple(std::string_view(run.id).substr(0, minute_size), run.started_micros,
                              std::string_view(run.id));
        };
        return key(a) > key(b);
    });
    return runs;
}

Result<RunState> find_run_blocking(const std::string& training_folder, const std::string& id) {
    FOREBAY_TRY(auto runs, list_runs_blocking(training_folder));
    if (runs.empty()) return fail(Code::not_found, "there are no training runs in {}", training_folder);
    if (id == "last") return std::move(runs.front());
    std::vector<RunState> matching;
    for (auto& run : runs) {
        if (run.id == id) return std::move(run);
        if (!id.empty() && run.id.starts_with(id)) matching.push_back(run);
    }
    if (matching.size() == 1) return std::move(matching.front());
    if (matching.empty()) return fail(Code::not_found, "there is no run '{}'; there are: {}", id, some_of(runs));
    return fail(Code::invalid_argument, "'{}' is the beginning of {} runs: {}", id, matching.size(), some_of(matching));
}

Result<std::vector<CurvePoint>> read_curve_blocking(const std::string& run_folder) {
    std::vector<CurvePoint> points;
    const auto path = curve_file(run_folder);
    const auto text = read_whole_blocking(path);
    if (!text && text.error().code == Code::not_found) return points;
    if (!text) return std::unexpected(text.error());
    for (std::size_t at = 0, line = 1; at < text->size(); ++line) {
        const auto end = text->find('\n', at);
        if (end == std::string::npos) break;  // being written, or torn by a kill
        auto point = parse_curve_point(std::string_view(*text).substr(at, end - at));
        if (!point) return fail(Code::internal, "{}:{} is damaged: {}", path, line, point.error().message);
        points.push_back(*std::move(point));
        at = end + 1;
    }
    return points;
}

}  // namespace forebay::training
