// What a local run will need, before it starts: memory, disk, steps. Upper bounds, so that a run that passes check_room
// does not end on a full disk at its last checkpoint.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "training/recipe.h"

namespace forebay::training {

// The training rows as they were encoded.
struct DatasetTotals {
    std::uint64_t rows = 0;
    std::uint64_t tokens = 0;
    std::uint64_t tokens_longest = 0;  // of one row
};

struct Estimate {
    std::uint64_t parameters = 0;
    std::uint64_t trained_parameters = 0;  // fewer with low-rank adapters
    std::uint64_t weights_bytes = 0;       // f32
    std::uint64_t optimizer_bytes = 0;     // summed gradients and both moments
    std::uint64_t lane_bytes = 0;          // activations and gradients of one micro-batch; each lane has its own
    std::uint32_t lanes = 0;
    std::uint64_t memory_bytes = 0;      // all of it, with what a checkpoint and the output need while they are written
    std::uint64_t checkpoint_bytes = 0;  // one
    std::uint64_t output_bytes = 0;      // the model or the adapter
    std::uint64_t disk_bytes = 0;
    std::uint64_t steps = 0;
    std::uint64_t tokens = 0;  // run through the model in training
};

// `architecture` is the base's when the recipe is not from scratch. `threads` are those that compute, above 0.
Estimate estimate(const Architecture& architecture, const Recipe& recipe, const DatasetTotals& totals,
                  std::uint32_t threads);

// Where free room is looked up; tests supply their own.
struct RoomSources {
    // A file of the kernel's, whole; nothing when it cannot be read.
    std::function<std::optional<std::string>(const std::string& path)> read_file;
    // Bytes that this user may still write below `folder`, which need not exist yet.
    std::function<Result<std::uint64_t>(const std::string& folder)> disk_free;
};
RoomSources system_room_sources();

// Bytes that can still be had: of the machine, and of the control groups that this program is in; nothing where the
// system does not say. Blocks.
struct AvailableMemory {
    std::uint64_t bytes = 0;
    bool limited_by_group = false;
};
std::optional<AvailableMemory> find_available_memory_blocking(const RoomSources& sources);

// resource_exhausted: too little disk below `folder`, or too little memory; the message has what is needed, what there
// is and what to change. Blocks.
Result<void> check_room_blocking(const Estimate& estimate, const std::string& folder,
                                 const RoomSources& sources = system_room_sources());

}  // namespace forebay::training
