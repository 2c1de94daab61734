// Trains a recipe with a program of the user's: any trainer that reads files, writes lines and leaves a GGUF behind.
//
// It is told, in its environment, and runs in the run's folder:
//   FOREBAY_RECIPE      recipe.yaml as it is run, every default written out
//   FOREBAY_TRAIN       JSONL with the training rows
//   FOREBAY_EVALUATION  JSONL with the evaluation rows; empty: none
//   FOREBAY_BASE        GGUF file of the base; empty: none (from scratch, or the trainer's own)
//   FOREBAY_OUTPUT      folder for what it makes; kept over resumes, so checkpoints may lie there too
//   FOREBAY_RESUME      "1" when an earlier attempt of this run was started, else "0"
//   PATH, HOME, LANG, TMPDIR, each CUDA_*, and what Options::pass_on names, as they are here; nothing else
//
// It says, on its standard output, a JSON object a line: {"step":40,"loss":1.2} with "eval_loss", "learning_rate",
// "gradient_norm", "tokens" and "total_steps" where it knows them. Lines of one step are one point. Any other line, and
// its standard error, goes to log.txt in the run's folder and to the user.
//
// It leaves, exiting with 0: FOREBAY_OUTPUT/model.gguf, or adapter.gguf, and perhaps metrics.json, a JSON object.
//
// Stop     SIGTERM to its process group, and SIGKILL to what is left after `grace`. It also gets SIGKILL when this
//          program dies. What it started and left running when it ended is killed.
// Threads  run_blocking on any one thread, which must live as long as the command.
// Errors   invalid_argument: no such program, or what it left is not what it must leave; conflict: what an earlier
//          attempt started is still running; bad_upstream: it failed, with its last lines; cancelled.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "training/driver.h"

namespace forebay::training {

class CommandDriver final : public TrainingDriver {
public:
    struct Options {
        std::string base_file;             // what recipe.base is here, when that is a registry reference
        std::vector<std::string> pass_on;  // names of more variables of this program's environment
        std::chrono::milliseconds grace{30'000};
        std::uint64_t log_bytes_max = 16ull * 1024 * 1024;  // log.txt and log.1.txt together
        std::function<SteadyClock::time_point()> now = SteadyClock::now;
    };
    explicit CommandDriver(Options options) : options_(std::move(options)) {}

    Result<TrainingOutput> run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) override;

private:
    const Options options_;
};

}  // namespace forebay::training
