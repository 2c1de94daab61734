// Where a recipe's training happens: here (local_driver.h), at an API with OpenAI's fine-tuning endpoints
// (openai_driver.h), or in a program of the user's (command_driver.h).
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "training/recipe.h"
#include "training/run_folder.h"

namespace forebay::training {

// What a driver tells while it works; called on the thread that called run_blocking.
struct Progress {
    std::function<void(const CurvePoint& point, const RunState& state)> on_step;
    std::function<void(const std::string& line)> on_line;  // an event worth a line for the user
    std::function<bool()> stop_asked;                      // true: save what there is and return `cancelled`
};

struct TrainingOutput {
    std::string file;  // model.gguf or adapter.gguf in the run's folder; empty when the result lives at the API
    bool adapter = false;
    std::string merged_file;   // of an adapter: base and adapter as one model, where the driver makes it
    std::string remote_model;  // openai: "ft:gpt-4o-mini:…"
    std::string evaluation;    // JSON object of what the trainer measured itself (command: metrics.json); may be empty
};

class TrainingDriver {
public:
    virtual ~TrainingDriver() = default;
    // Runs, or goes on with, what `folder` says; keeps its state and curve up to date. Blocks until the end.
    // cancelled: stop_asked said so, and a later call goes on from there.
    virtual Result<TrainingOutput> run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) = 0;
};

}  // namespace forebay::training
