// A run's folder: what a training run was asked to do, how far it is, and what came of it.
//
//   DATA/training/ID/          ID: "20261122-0153-triage-k3f9", sorts by start
//     recipe.yaml              as it was run, every default written out
//     state.json               RunState, replaced whole (write, sync, rename)
//     curve.jsonl              one CurvePoint a line, appended; after a resume, points past the checkpoint are cut off
//     curve.svg                the plot of it
//     checkpoint-00000400.bin   the newest few; format: checkpoint.h
//     lock                     held by the process that runs it; the kernel releases it when that ends
//     output/                  model.gguf or adapter.gguf
//
// Durable  state and checkpoints survive a kill at any moment: each is whole or absent.
// Threads  one process and thread writes (it holds the lock); any may read.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace forebay::training {

enum class RunStatus { running, interrupted, done, failed };  // interrupted: not finished and nobody holds the lock

// One scored answer set: how well generated answers match the rows' own.
struct ScoreResult {
    std::uint64_t rows = 0;
    double valid_json = 0;                                 // parts, 0 to 1
    double exact = 0;                                      // the whole object (or text) equals
    std::vector<std::pair<std::string, double>> by_field;  // top-level field of the object: part that equals
};

struct RunState {
    std::string id;
    std::string name;    // the recipe's
    std::string driver;  // "local", "openai", "command"
    RunStatus status = RunStatus::running;
    std::string error;  // why it failed
    std::int64_t started_micros = 0;
    std::int64_t ended_micros = 0;
    double trained_seconds = 0;  // over all resumes
    std::uint64_t steps = 0;     // done
    std::uint64_t steps_planned = 0;
    std::uint64_t tokens = 0;    // run through the model in training, without padding
    double train_loss = 0;       // newest, nats per predicted token
    double evaluation_loss = 0;  // newest; 0 before the first
    double best_evaluation_loss = 0;
    std::string recipe_digest;  // SHA-256 of recipe.yaml, as all digests here
    std::string base_digest;
    std::vector<std::string> dataset_digests;
    std::string weights_digest;  // of the f32 weights in name order: the same run makes the same
    std::string output_file;     // absolute; empty until done
    std::string output_digest;
    std::string registered;  // registry reference, "triage:3"
    std::string remote_job;  // openai driver: the job's id, so that a resume polls on instead of starting again
    std::optional<ScoreResult> score;
};

struct CurvePoint {
    std::uint64_t step = 0;
    double learning_rate = 0;
    double train_loss = 0;
    double gradient_norm = 0;
    std::uint64_t tokens = 0;  // since the start of the run
    double seconds = 0;        // trained, without pauses
    std::optional<double> evaluation_loss;
};

class RunFolder {
public:
    // Makes the folder and takes its lock. `recipe_yaml` is written as it is.
    static Result<std::unique_ptr<RunFolder>> create_blocking(const std::string& training_folder,
                                                              const std::string& name, const std::string& recipe_yaml);
    // Opens for going on. not_found; conflict: another process is running it.
    static Result<std::unique_ptr<RunFolder>> open_blocking(const std::string& training_folder, const std::string& id);
    virtual ~RunFolder() = default;

    virtual const std::string& path() const = 0;
    virtual std::string recipe_yaml_blocking() const = 0;
    virtual const RunState& state() const = 0;
    virtual Result<void> save_blocking(const RunState& state) = 0;
    virtual Result<void> append_blocking(const CurvePoint& point) = 0;
    // Cuts the curve after `step`: what a resumed run does first.
    virtual Result<void> cut_curve_blocking(std::uint64_t step) = 0;
    // Writes curve.svg from curve.jsonl.
    virtual Result<void> plot_blocking() = 0;
};

// For `train list` and `train show`; newest first. A folder whose state cannot be read is an entry with status failed
// and the reason in `error`. `id` may be a unique prefix, or "last".
Result<std::vector<RunState>> list_runs_blocking(const std::string& training_folder);
Result<RunState> find_run_blocking(const std::string& training_folder, const std::string& id);
Result<std::vector<CurvePoint>> read_curve_blocking(const std::string& run_folder);

// The curve as an SVG picture that stands alone: train and evaluation loss over steps, the learning rate below.
std::string curve_svg(const std::vector<CurvePoint>& points, const std::string& title);

}  // namespace forebay::training
