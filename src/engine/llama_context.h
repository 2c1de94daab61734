// A llama.cpp context with its threads: the KV cells and the decode call. Owned by one thread after open.
#pragma once
#include <llama-cpp.h>

#include <atomic>
#include <memory>
#include <span>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/llama_model.h"

namespace forebay::engine {

// One position to decode.
struct BatchEntry {
    llama_token token;
    llama_pos position;
    llama_seq_id sequence;
    bool output;  // its logits are wanted
};

enum class DecodeOutcome {
    done,
    no_cells,  // nothing happened; make room and try again
    aborted,   // abort() was called; sequences may hold a part of the batch
    failed,    // sequences may hold a part of the batch
};

class LlamaContext {
public:
    // resource_exhausted: not enough memory for the KV cells. `model` outlives the context.
    static Result<std::unique_ptr<LlamaContext>> open_blocking(const LlamaModel& model, const EngineSettings& settings);
    ~LlamaContext();
    LlamaContext(const LlamaContext&) = delete;
    LlamaContext& operator=(const LlamaContext&) = delete;

    std::uint32_t kv_cells() const { return llama_n_ctx(context_.get()); }
    std::uint32_t batch_tokens() const { return batch_tokens_; }
    llama_memory_t memory() const { return llama_get_memory(context_.get()); }
    // False for models that keep a running state: the end of a sequence cannot be taken back.
    bool can_truncate() const { return can_truncate_; }

    // At most batch_tokens() entries.
    DecodeOutcome decode(std::span<const BatchEntry> entries);
    // Logits of entry `index` of the last decode() that was done. Empty when llama.cpp has none.
    std::span<const float> logits(std::size_t index) const;

    // Ends a decode() on the CPU within one operation of its graph, now and later. From any thread.
    void abort() { aborted_.store(true); }

private:
    struct Threads;
    LlamaContext() = default;

    std::uint32_t batch_tokens_ = 0;
    std::size_t vocabulary_tokens_ = 0;
    bool can_truncate_ = true;
    std::unique_ptr<Threads> threads_;  // outlive the context
    llama_context_ptr context_;
    llama_batch batch_{};
    std::atomic<bool> aborted_ = false;
};

}  // namespace forebay::engine
