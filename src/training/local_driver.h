// Trains on this machine: the whole of a run from the recipe to the model file, going on from the newest checkpoint.
//
// Threads  run_blocking() on the caller's; the learner has lanes of its own.
// Errors   invalid_argument: rows, base, vocabulary or template do not fit, before any training; resource_exhausted:
// memory or disk, with both numbers; internal: the loss is
//          not a finite number (the newest checkpoint is kept).
#pragma once
#include <string>

#include "training/driver.h"

namespace forebay::training {

struct LocalOptions {
    std::string base_file;  // GGUF, when the recipe has a base
    bool allow_gpu = true;
    bool check_room = true;  // estimate memory and disk first
};

class LocalDriver final : public TrainingDriver {
public:
    explicit LocalDriver(LocalOptions options) : options_(std::move(options)) {}
    Result<TrainingOutput> run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) override;

    // Writes the run's model from its newest checkpoint (its best, with early stopping) in another type: f32, f16 or
    // q8_0; an adapter merged into its base. not_found: no checkpoint is left. Blocks.
    Result<void> export_blocking(const Recipe& recipe, const RunFolder& folder, const std::string& type,
                                 const std::string& file) const;

private:
    LocalOptions options_;
};

}  // namespace forebay::training
