// llama.cpp's back ends are shared libraries beside it: one CPU library per instruction set, and those
// for GPUs where they were installed. This picks and loads them.
#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace forebay::engine {

struct Backends {
    std::string folder;
    std::string cpu_variant;
};

// The folder that holds libllama.so.
std::string default_backend_folder();

// The CPU libraries in `folder` with llama.cpp's score for this processor, best first; none proven.
std::vector<CpuVariant> score_cpu_variants_blocking(const std::string& folder);

// Loads all GPU back ends found in `folder` (empty: the default) and the CPU variant with the best score,
// or the one that the environment names in FOREBAY_CPU_VARIANT. Once per process: a later call returns the
// first one's result, whatever its folder. unavailable: no CPU variant works here; the message says why.
Result<Backends> load_backends_blocking(const std::string& folder);

}  // namespace forebay::engine
