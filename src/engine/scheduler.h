// The one thread that owns the llama context. Each step it ends what was cancelled or is late, fills idle
// slots from the queue, and decodes one batch: first the next token of every generating call, then pieces
// of prompts up to the batch's size, oldest call first.
//
// Memory   when the KV cells run out, idle slots are emptied; then the youngest call gives its cells back
//          and waits at the head of the queue (a preemption). The oldest call is never preempted while
//          others run, so every call ends.
// Threads  submit(), cancel(), stats() from any thread; stop_blocking() from any but the listener's.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/call.h"
#include "engine/llama_context.h"
#include "engine/llama_model.h"
#include "engine/slots.h"

namespace forebay::engine {

class Scheduler {
public:
    // Starts the thread. `model` outlives the scheduler.
    Scheduler(const LlamaModel& model, std::unique_ptr<LlamaContext> context, const EngineSettings& settings);
    ~Scheduler();

    // resource_exhausted: queue_calls are waiting. unavailable: stopping.
    Result<CallId> submit(std::unique_ptr<Call> call);
    void cancel(CallId id);
    EngineStats stats() const;
    void stop_blocking();

private:
    // What one slot has in the batch.
    struct Part {
        Slot* slot;
        std::size_t tokens;
        std::size_t last_entry;
        bool output;  // the part ends where the call's next token is to be chosen
    };

    // scheduler.cpp: the queue and the life of a call
    void run();
    bool wait_for_work();
    void end_cancelled();
    void end_late();
    void admit();
    bool admit_next();
    void begin(Slot& slot);
    void finish(Slot& slot, FinishReason reason);
    void fail_call(std::unique_ptr<Call> call, Error error);
    void end_waiting(std::unique_ptr<Call> call);
    void preempt_youngest();
    void publish_stats();

    // scheduler_step.cpp: one batch
    void step();
    void plan();
    void plan_part(Slot& slot, std::size_t tokens);
    void on_no_cells();
    void on_failed(DecodeOutcome outcome);
    void continue_call(const Part& part);
    TokenDetail detail_of(const Call& call, llama_token token, std::span<const float> logits) const;

    const LlamaModel& model_;
    const std::uint32_t queue_calls_;
    const std::uint32_t slot_count_;
    std::unique_ptr<LlamaContext> context_;

    // The scheduler thread's own.
    Slots slots_;
    std::vector<BatchEntry> entries_;
    std::vector<Part> parts_;
    Candidates candidates_;
    std::string bytes_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Call>> queue_;  // guarded by mutex_, as all below
    std::vector<CallId> cancelled_;
    CallId last_id_ = 0;
    bool stopping_ = false;
    EngineStats stats_;

    std::mutex join_mutex_;
    std::thread thread_;  // last: it uses all the others
};

}  // namespace forebay::engine
