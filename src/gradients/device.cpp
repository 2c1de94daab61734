#include "gradients/device.h"

#include <algorithm>
#include <thread>

#include "engine/backends.h"

namespace forebay::gradients {

Result<Device> find_device_blocking(bool allow_gpu) {
    FOREBAY_TRY(const engine::Backends backends, engine::load_backends_blocking({}));
    if (allow_gpu) {
        if (ggml_backend_dev_t gpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU)) {
            return Device{gpu, false,
                          fmt::format("{} {}", ggml_backend_dev_name(gpu), ggml_backend_dev_description(gpu))};
        }
    }
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (!cpu) return fail(Code::unavailable, "no CPU back end is loaded");
    return Device{cpu, true, "cpu " + backends.cpu_variant};
}

Result<BackendPtr> start_backend(const Device& device, std::uint32_t threads) {
    BackendPtr backend(ggml_backend_dev_init(device.device, nullptr));
    if (!backend) return fail(Code::unavailable, "the device '{}' cannot be used", device.name);
    if (device.is_cpu) {
        ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(device.device);
        const auto set_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(
            ggml_backend_reg_get_proc_address(registry, "ggml_backend_set_n_threads"));
        FOREBAY_CHECK(set_threads != nullptr);
        set_threads(backend.get(), static_cast<int>(threads));
    }
    return backend;
}

Result<void> compute_blocking(ggml_backend* backend, ggml_cgraph* graph) {
    const ggml_status status = ggml_backend_graph_compute(backend, graph);
    if (status == GGML_STATUS_SUCCESS) return {};
    return fail(Code::internal, "ggml could not compute the graph: {}", ggml_status_to_string(status));
}

bool multiplies_bf16(const Device& device) {
    if (!device.is_cpu) return true;
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(device.device);
    const auto features_of = reinterpret_cast<ggml_backend_get_features_t>(
        ggml_backend_reg_get_proc_address(registry, "ggml_backend_get_features"));
    if (!features_of) return false;
    for (const ggml_backend_feature* feature = features_of(registry); feature->name; ++feature) {
        if (std::string_view(feature->name) == "AVX512_BF16") return std::string_view(feature->value) == "1";
    }
    return false;
}

std::uint32_t processors() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace forebay::gradients
