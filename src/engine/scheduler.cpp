#include "engine/scheduler.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/llama_log.h"

namespace forebay::engine {
namespace {

// Cells left for each running call to grow into when another is admitted beside it. After a preemption
// a larger share, so that the call does not lose its cells again after a few tokens.
constexpr std::uint32_t spare_cells_per_call = 16;
constexpr std::uint32_t spare_share_after_preemption = 8;

std::int64_t micros_between(SteadyTime from, SteadyTime to) {
    return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

Finish describe_end(const Call& call, FinishReason reason) {
    Finish finish;
    finish.reason = reason;
    finish.stop_sequence = call.output.stop_sequence();
    finish.prompt_tokens = call.prompt_tokens;
    finish.cached_tokens = call.cached_tokens;
    finish.completion_tokens = call.generated;
    finish.seed = call.sampler.seed();
    const SteadyTime now = std::chrono::steady_clock::now();
    finish.queue_micros = micros_between(call.submitted, call.started.value_or(now));
    if (call.generated > 0) {
        finish.prefill_micros = micros_between(*call.started, call.first_token);
        finish.decode_micros = micros_between(call.first_token, call.last_token);
    }
    return finish;
}

}  // namespace

Scheduler::Scheduler(const LlamaModel& model, std::unique_ptr<LlamaContext> context, const EngineSettings& settings)
    : model_(model),
      queue_calls_(std::max(1u, settings.queue_calls)),
      slot_count_(settings.slots),
      context_(std::move(context)),
      slots_(*context_, settings.slots) {
    stats_.kv_cells = context_->kv_cells();
    entries_.reserve(context_->batch_tokens());
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "engine");
        run();
    });
}

Scheduler::~Scheduler() { stop_blocking(); }

Result<CallId> Scheduler::submit(std::unique_ptr<Call> call) {
    CallId id = 0;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_) return fail(Code::unavailable, "the model is being stopped");
        // Calls that an idle slot will take at once do not count as waiting.
        const std::size_t limit = std::size_t{queue_calls_} + (slot_count_ - stats_.slots_busy);
        if (queue_.size() >= limit) {
            return fail(Code::resource_exhausted, "{} calls are waiting for this model already", queue_.size());
        }
        id = ++last_id_;
        call->id = id;
        queue_.push_back(std::move(call));
    }
    changed_.notify_one();
    return id;
}

void Scheduler::cancel(CallId id) {
    {
        const std::scoped_lock lock(mutex_);
        cancelled_.push_back(id);
    }
    changed_.notify_one();
}

EngineStats Scheduler::stats() const {
    const std::scoped_lock lock(mutex_);
    EngineStats stats = stats_;
    stats.calls_waiting = static_cast<std::uint32_t>(queue_.size());
    return stats;
}

void Scheduler::stop_blocking() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    const LlamaErrors expected;  // llama.cpp calls the end of a decode that we cut short an error
    context_->abort();
    changed_.notify_one();
    const std::scoped_lock lock(join_mutex_);
    if (thread_.joinable()) thread_.join();
}

void Scheduler::run() {
    while (wait_for_work()) {
        end_cancelled();
        end_late();
        admit();
        if (slots_.busy_count() > 0) step();
    }
    for (Slot& slot : slots_.all()) {
        if (slot.busy()) finish(slot, FinishReason::cancelled);
    }
    std::deque<std::unique_ptr<Call>> waiting;
    {
        const std::scoped_lock lock(mutex_);
        waiting.swap(queue_);
    }
    for (std::unique_ptr<Call>& call : waiting) end_waiting(std::move(call));
}

// False once the engine stops.
bool Scheduler::wait_for_work() {
    const bool busy = slots_.busy_count() > 0;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || busy || !queue_.empty() || !cancelled_.empty(); });
    return !stopping_;
}

void Scheduler::end_cancelled() {
    std::vector<CallId> ids;
    std::vector<std::unique_ptr<Call>> ended;
    const auto has = [&](CallId id) { return std::ranges::find(ids, id) != ids.end(); };
    {
        const std::scoped_lock lock(mutex_);
        ids.swap(cancelled_);
        for (std::unique_ptr<Call>& call : queue_) {
            if (has(call->id)) ended.push_back(std::move(call));
        }
        std::erase(queue_, nullptr);
    }
    for (std::unique_ptr<Call>& call : ended) end_waiting(std::move(call));
    for (Slot& slot : slots_.all()) {
        if (slot.busy() && has(slot.call->id)) finish(slot, FinishReason::cancelled);
    }
}

void Scheduler::end_late() {
    const SteadyTime now = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<Call>> late;
    {
        const std::scoped_lock lock(mutex_);
        for (std::unique_ptr<Call>& call : queue_) {
            if (call->deadline <= now) late.push_back(std::move(call));
        }
        std::erase(queue_, nullptr);
    }
    for (Slot& slot : slots_.all()) {
        if (slot.busy() && slot.call->deadline <= now) late.push_back(slots_.release(slot));
    }
    for (std::unique_ptr<Call>& call : late) {
        const auto generated = call->generated;
        Error error{Code::deadline_exceeded,
                    fmt::format("the call ran out of time after {} of its tokens were generated", generated),
                    {}};
        fail_call(std::move(call), std::move(error));
    }
}

void Scheduler::admit() {
    while (admit_next()) {
    }
    publish_stats();
}

// Moves the queue's head to a slot. False when there is none or it must wait.
bool Scheduler::admit_next() {
    std::unique_ptr<Call> call;
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.empty()) return false;
        call = std::move(queue_.front());
        queue_.pop_front();
    }
    const std::uint32_t busy = slots_.busy_count();
    std::uint32_t spare = busy == 0 ? 0 : spare_cells_per_call * (busy + 1);
    if (busy > 0 && call->started) spare = std::max(spare, slots_.capacity() / spare_share_after_preemption);
    if (Slot* slot = slots_.place(call, spare)) {
        begin(*slot);
        return true;
    }
    const std::scoped_lock lock(mutex_);
    queue_.push_front(std::move(call));
    return false;
}

void Scheduler::begin(Slot& slot) {
    Call& call = *slot.call;
    if (call.started) return;  // it comes back from a preemption
    call.started = std::chrono::steady_clock::now();
    call.cached_tokens = static_cast<std::uint32_t>(slot.cached.size());
    {
        const std::scoped_lock lock(mutex_);
        stats_.prompt_tokens += call.prompt_tokens;
        stats_.prompt_tokens_cached += call.cached_tokens;
    }
    call.listener->on_started(call.prompt_tokens, call.cached_tokens);
    if (!call.echo.empty()) call.listener->on_token({.text = std::move(call.echo), .logprobs = {}, .top_logprobs = {}});
    if (call.tokens_max == 0) finish(slot, FinishReason::length);
}

// Ends a slot's call. The slot is free before the listener hears of it.
void Scheduler::finish(Slot& slot, FinishReason reason) {
    const std::unique_ptr<Call> call = slots_.release(slot);
    TokenEvent rest;
    if (!call->output.stopped()) rest = call->output.finish();
    {
        const std::scoped_lock lock(mutex_);
        ++stats_.calls_finished;
    }
    publish_stats();
    if (!rest.text.empty() || !rest.logprobs.empty()) call->listener->on_token(std::move(rest));
    call->listener->on_done(describe_end(*call, reason));
}

void Scheduler::fail_call(std::unique_ptr<Call> call, Error error) {
    {
        const std::scoped_lock lock(mutex_);
        ++stats_.calls_finished;
    }
    publish_stats();
    call->listener->on_done(std::unexpected(std::move(error)));
}

// Ends a call that has no slot.
void Scheduler::end_waiting(std::unique_ptr<Call> call) {
    {
        const std::scoped_lock lock(mutex_);
        ++stats_.calls_finished;
    }
    call->listener->on_done(describe_end(*call, FinishReason::cancelled));
}

void Scheduler::preempt_youngest() {
    Slot* slot = slots_.youngest();
    FOREBAY_CHECK(slot != nullptr);
    std::unique_ptr<Call> call = slots_.release_and_clear(*slot);
    log::info("call {} waits for KV cells after {} generated tokens", call->id, call->generated);
    const std::scoped_lock lock(mutex_);
    ++stats_.preemptions;
    queue_.push_front(std::move(call));
}

void Scheduler::publish_stats() {
    const std::scoped_lock lock(mutex_);
    stats_.slots_busy = slots_.busy_count();
    stats_.kv_cells_used = slots_.pinned_cells();
}

}  // namespace forebay::engine
