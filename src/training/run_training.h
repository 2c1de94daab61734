// One training run from its recipe to a registered version: finds the base, picks the driver, trains, scores,
// registers.
//
// Threads  the caller's.
// Errors   those of the driver; whatever ends a run before its end is kept in its state, and resume goes on.
#pragma once
#include <memory>
#include <string>

#include "base/error.h"
#include "registry/registry.h"
#include "training/driver.h"

namespace forebay::exec {
class IoThreads;
}

namespace forebay::training {

// What a run needs beside its folder.
struct Workshop {
    registry::Registry& registry;
    exec::IoThreads& io_threads;  // run; used by the openai driver
    std::string code_version;
    bool allow_gpu = true;
    bool check_room = true;
};

// `recipe.base` as a file here: the file itself, or the registry's. Empty when there is none.
Result<std::string> find_base_blocking(const Recipe& recipe, registry::Registry& registry);

// Runs, or goes on with, the run of `folder`. Returns its last state. A finished run is left as it is. cancelled: asked
// to stop.
Result<RunState> run_training_blocking(const Recipe& recipe, RunFolder& folder, Workshop& workshop,
                                       const Progress& progress);

// Forebay's figures of a run as JSON: what the registry keeps as the version's evaluation.
std::string evaluation_json(const RunState& state, const TrainingOutput& output);
std::string to_json(const ScoreResult& score);

}  // namespace forebay::training
