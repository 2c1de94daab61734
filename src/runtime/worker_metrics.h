// The worker's metrics: our own names, and vLLM's for the dashboards and autoscalers that read those.
#pragma once
#include <functional>

#include "engine/engine.h"
#include "metrics/registry.h"

namespace forebay::runtime {

class WorkerMetrics {
public:
    // `engine` gives the engine, or null while the model loads. Registers an update that runs before each
    // rendering; this object outlives the registry's last one.
    WorkerMetrics(metrics::Registry& registry, std::function<engine::Engine*()> engine);

private:
    void update();

    const std::function<engine::Engine*()> engine_;
    metrics::Gauge &running_, &waiting_, &kv_share_, &vllm_running_, &vllm_waiting_, &vllm_kv_share_;
    metrics::Counter &prompt_tokens_, &cached_tokens_, &completion_tokens_, &steps_, &finished_, &preemptions_,
        &decode_seconds_, &vllm_prompt_tokens_, &vllm_generation_tokens_, &vllm_preemptions_;
};

}  // namespace forebay::runtime
