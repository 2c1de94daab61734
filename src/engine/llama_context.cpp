#include "engine/llama_context.h"

#include <common.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <sched.h>

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "engine/llama_log.h"

namespace forebay::engine {
namespace {

constexpr std::uint32_t slots_max = 256;  // llama.cpp's limit

std::uint32_t default_threads() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    const bool known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    const int physical = std::max(1, common_cpu_get_num_physical_cores());
    return static_cast<std::uint32_t>(known ? std::min(physical, CPU_COUNT(&allowed)) : physical);
}

// ggml's threads spin at a barrier after each operation, so a thread pays only if its share of the weights
// takes longer than that. For a model of 1 MB on two cores, two threads were slower than one, and fifty
// times slower while other programs used the cores.
std::uint32_t useful_threads(std::uint32_t wanted, std::uint64_t weight_bytes) {
    constexpr std::uint64_t bytes_per_thread = 16ull << 20;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, 1 + weight_bytes / bytes_per_thread));
}

// The thread pool lives in the CPU back end, which is not linked but loaded.
template <class Function>
Function* cpu_function(const char* name) {
    const ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (!device) return nullptr;
    return reinterpret_cast<Function*>(ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name));
}

}  // namespace

// Without a pool of its own, llama.cpp would start and join its threads at each decode.
struct LlamaContext::Threads {
    explicit Threads(std::uint32_t count) {
        const auto create = cpu_function<decltype(ggml_threadpool_new)>("ggml_threadpool_new");
        ggml_threadpool_params params = ggml_threadpool_params_default(static_cast<int>(count));
        params.poll = 0;  // idle threads sleep: they share the cores with the server's
        if (create && count > 1) pool = create(&params);
    }
    ~Threads() {
        const auto destroy = cpu_function<decltype(ggml_threadpool_free)>("ggml_threadpool_free");
        if (pool && destroy) destroy(pool);
    }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    ggml_threadpool_t pool = nullptr;
};

Result<std::unique_ptr<LlamaContext>> LlamaContext::open_blocking(const LlamaModel& model,
                                                                  const EngineSettings& settings) {
    if (settings.slots < 1 || settings.slots > slots_max) {
        return fail_field("slots", fmt::format("slots must be between 1 and {}", slots_max));
    }
    const std::uint32_t threads =
        useful_threads(settings.threads > 0 ? settings.threads : default_threads(), llama_model_size(&model.get()));
    std::unique_ptr<LlamaContext> context(new LlamaContext);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = settings.context_tokens;
    params.n_seq_max = settings.slots;
    params.n_batch = std::max({settings.batch_tokens, settings.slots, 32u});
    params.n_ubatch = std::min(params.n_batch, 512u);
    params.n_outputs_max = settings.slots;  // one row of logits per slot and step
    params.n_threads = static_cast<std::int32_t>(threads);
    params.n_threads_batch = params.n_threads;
    params.kv_unified = true;  // any slot may use any cell, and slots can share a prefix
    params.no_perf = true;
    params.abort_callback = [](void* self) { return static_cast<LlamaContext*>(self)->aborted_.load(); };
    params.abort_callback_data = context.get();

    const LlamaErrors errors;
    try {
        context->context_.reset(llama_init_from_model(&model.get(), params));
    } catch (const std::exception& error) {
        return fail(Code::resource_exhausted, "no context of {} tokens for '{}': {}", params.n_ctx, settings.model_file,
                    error.what());
    }
    if (!context->context_) {
        return fail(Code::resource_exhausted, "no context of {} tokens for '{}': {}", params.n_ctx, settings.model_file,
                    errors.first());
    }
    context->batch_tokens_ = std::min(params.n_batch, llama_n_batch(context->context_.get()));
    context->vocabulary_tokens_ = static_cast<std::size_t>(model.vocabulary().size());
    context->can_truncate_ = !llama_model_is_recurrent(&model.get()) && !llama_model_is_hybrid(&model.get());
    context->batch_ = llama_batch_init(static_cast<std::int32_t>(context->batch_tokens_), 0, 1);
    context->threads_ = std::make_unique<Threads>(threads);
    if (context->threads_->pool) {
        llama_attach_threadpool(context->context_.get(), context->threads_->pool, context->threads_->pool);
    }
    return context;
}

LlamaContext::~LlamaContext() {
    context_.reset();
    if (batch_.token) llama_batch_free(batch_);
}

DecodeOutcome LlamaContext::decode(std::span<const BatchEntry> entries) {
    FOREBAY_CHECK(!entries.empty() && entries.size() <= batch_tokens_);
    batch_.n_tokens = static_cast<std::int32_t>(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        batch_.token[i] = entries[i].token;
        batch_.pos[i] = entries[i].position;
        batch_.n_seq_id[i] = 1;
        batch_.seq_id[i][0] = entries[i].sequence;
        batch_.logits[i] = entries[i].output;
    }
    int status = 0;
    try {
        status = llama_decode(context_.get(), batch_);
        // Waits for the logits here, so that the time of this call is the time of the step.
        if (status == 0) llama_synchronize(context_.get());
    } catch (const std::exception& error) {
        log::error("llama_decode threw: {}", error.what());
        return DecodeOutcome::failed;
    }
    switch (status) {
        case 0: return DecodeOutcome::done;
        case 1: return DecodeOutcome::no_cells;
        case 2: return DecodeOutcome::aborted;
        default: log::error("llama_decode failed with {}", status); return DecodeOutcome::failed;
    }
}

std::span<const float> LlamaContext::logits(std::size_t index) const {
    const float* row = llama_get_logits_ith(context_.get(), static_cast<std::int32_t>(index));
    return row ? std::span(row, vocabulary_tokens_) : std::span<const float>{};
}

}  // namespace forebay::engine
