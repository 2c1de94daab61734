// Checkpoints: everything that a run needs to go on as if it had never stopped.
//
// File     "FBCKPT01", u32 header bytes, header (a JSON object), then for each trained tensor in name order its
// weights,
//          first and second moments as little-endian f32, then u64 XXH3 of all before it. Written beside and renamed:
//          a checkpoint is whole or absent.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "gradients/learner.h"

namespace forebay::training {

struct CheckpointState {
    std::uint64_t step = 0;
    std::uint64_t tokens = 0;
    double trained_seconds = 0;
    double train_loss = 0;
    double evaluation_loss = 0;
    double best_evaluation_loss = 0;  // 0: none yet
    std::uint32_t evaluations_without_better = 0;
    std::string recipe_digest;  // another recipe's checkpoint is refused
};

// DATA/training/ID/checkpoint-00000400.bin
std::string checkpoint_file(const std::string& run_folder, std::uint64_t step);

Result<void> write_checkpoint_blocking(const std::string& file, const CheckpointState& state,
                                       const gradients::Weights& weights, const gradients::Learner& learner);
// invalid_argument: damaged, or of another shape or recipe; nothing was changed then.
Result<CheckpointState> read_checkpoint_blocking(const std::string& file, const std::string& recipe_digest,
                                                 gradients::Weights& weights, gradients::Learner& learner);

// The newest whole checkpoint in the folder; damaged ones are passed over.
std::optional<std::string> newest_checkpoint_blocking(const std::string& run_folder);
// Removes all but the newest `kept`.
void prune_checkpoints_blocking(const std::string& run_folder, std::uint32_t kept);

}  // namespace forebay::training
