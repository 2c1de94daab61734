#include "runtime/worker_metrics.h"

namespace forebay::runtime {

WorkerMetrics::WorkerMetrics(metrics::Registry& r, std::function<engine::Engine*()> engine)
    : engine_(std::move(engine)),
      running_(r.gauge("forebay_runtime_calls_running", "Calls that hold a slot.")),
      waiting_(r.gauge("forebay_runtime_calls_waiting", "Calls that wait for a slot.")),
      kv_share_(r.gauge("forebay_runtime_kv_used_ratio", "Share of the KV cache's cells in use, 0 to 1.")),
      vllm_running_(r.gauge("vllm:num_requests_running", "As vLLM names forebay_runtime_calls_running.")),
      vllm_waiting_(r.gauge("vllm:num_requests_waiting", "As vLLM names forebay_runtime_calls_waiting.")),
      vllm_kv_share_(r.gauge("vllm:kv_cache_usage_perc", "As vLLM names forebay_runtime_kv_used_ratio.")),
      prompt_tokens_(r.counter("forebay_runtime_prompt_tokens_total", "Prompt tokens, cached ones included.")),
      cached_tokens_(r.counter("forebay_runtime_prompt_tokens_cached_total", "Prompt tokens found in the KV cache.")),
      completion_tokens_(r.counter("forebay_runtime_completion_tokens_total", "Tokens generated.")),
      steps_(r.counter("forebay_runtime_decode_steps_total", "Batches decoded.")),
      finished_(r.counter("forebay_runtime_calls_finished_total", "Calls that ended, however they ended.")),
      preemptions_(r.counter("forebay_runtime_preemptions_total", "Calls put back for want of KV cells.")),
      decode_seconds_(r.counter("forebay_runtime_decode_seconds_total", "Time spent decoding.")),
      vllm_prompt_tokens_(r.counter("vllm:prompt_tokens_total", "As vLLM names forebay_runtime_prompt_tokens_total.")),
      vllm_generation_tokens_(
          r.counter("vllm:generation_tokens_total", "As vLLM names forebay_runtime_completion_tokens_total.")),
      vllm_preemptions_(r.counter("vllm:num_preemptions_total", "As vLLM names forebay_runtime_preemptions_total.")) {
    r.before_render([this] { update(); });
}

void WorkerMetrics::update() {
    const engine::Engine* engine = engine_();
    if (!engine) return;
    const auto stats = engine->stats();
    running_.Set(stats.slots_busy);
    vllm_running_.Set(stats.slots_busy);
    waiting_.Set(stats.calls_waiting);
    vllm_waiting_.Set(stats.calls_waiting);
    const double share = stats.kv_cells > 0 ? static_cast<double>(stats.kv_cells_used) / stats.kv_cells : 0;
    kv_share_.Set(share);
    vllm_kv_share_.Set(share);
    metrics::raise_to(prompt_tokens_, static_cast<double>(stats.prompt_tokens));
    metrics::raise_to(vllm_prompt_tokens_, static_cast<double>(stats.prompt_tokens));
    metrics::raise_to(cached_tokens_, static_cast<double>(stats.prompt_tokens_cached));
    metrics::raise_to(completion_tokens_, static_cast<double>(stats.completion_tokens));
    metrics::raise_to(vllm_generation_tokens_, static_cast<double>(stats.completion_tokens));
    metrics::raise_to(steps_, static_cast<double>(stats.decode_steps));
    metrics::raise_to(finished_, static_cast<double>(stats.calls_finished));
    metrics::raise_to(preemptions_, static_cast<double>(stats.preemptions));
    metrics::raise_to(vllm_preemptions_, static_cast<double>(stats.preemptions));
    metrics::raise_to(decode_seconds_, stats.decode_seconds);
}

}  // namespace forebay::runtime
