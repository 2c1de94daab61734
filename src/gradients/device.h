// Where the arithmetic happens: the processor, or a GPU whose back end was installed.
#pragma once
#include <cstdint>
#include <string>

#include "base/error.h"
#include "gradients/ggml_pointers.h"

namespace forebay::gradients {

struct Device {
    ggml_backend_dev_t device = nullptr;
    bool is_cpu = true;
    std::string name;  // "cpu zen4", "CUDA0 NVIDIA H100"
};

// The first GPU, or the processor when there is none or `allow_gpu` is false. Loads the back ends. Blocks.
Result<Device> find_device_blocking(bool allow_gpu);

// A stream of computations on `device`; on the processor with `threads` threads. Each thread that computes has its own.
Result<BackendPtr> start_backend(const Device& device, std::uint32_t threads);

// Runs the graph to its end. internal: the back end says it failed. Blocks.
Result<void> compute_blocking(ggml_backend* backend, ggml_cgraph* graph);

// Whether it has instructions for products of bfloat16.
bool multiplies_bf16(const Device& device);

std::uint32_t processors();

}  // namespace forebay::gradients
