// One batch of the scheduler: planning it, decoding it, choosing the next tokens.
#include <algorithm>
#include <utility>

#include "engine/logprobs.h"
#include "engine/scheduler.h"

namespace forebay::engine {

void Scheduler::step() {
    plan();
    if (parts_.empty()) return;
    const SteadyTime begin = std::chrono::steady_clock::now();
    const DecodeOutcome outcome = context_->decode(entries_);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (outcome == DecodeOutcome::no_cells) return on_no_cells();
    if (outcome != DecodeOutcome::done) return on_failed(outcome);
    {
        const std::scoped_lock lock(mutex_);
        ++stats_.decode_steps;
        stats_.decode_seconds += took.count();
    }
    for (const Part& part : parts_) slots_.advance(*part.slot, part.tokens);
    publish_stats();
    for (const Part& part : parts_) {
        if (part.output) continue_call(part);
    }
}

void Scheduler::plan() {
    entries_.clear();
    parts_.clear();
    std::vector<Slot*> generating;
    std::vector<Slot*> prefilling;
    const auto sort_slots = [&] {
        generating.clear();
        prefilling.clear();
        for (Slot& slot : slots_.all()) {
            if (slot.busy()) (slot.remaining() == 1 ? generating : prefilling).push_back(&slot);
        }
    };
    sort_slots();
    while (!slots_.make_room(static_cast<std::uint32_t>(generating.size()))) {
        preempt_youngest();
        sort_slots();
    }
    for (Slot* slot : generating) plan_part(*slot, 1);

    std::ranges::sort(prefilling, {}, [](const Slot* slot) { return slot->call->id; });
    for (Slot* slot : prefilling) {
        std::size_t tokens = std::min(slot->remaining(), context_->batch_tokens() - entries_.size());
        if (!slots_.make_room(static_cast<std::uint32_t>(entries_.size() + tokens))) {
            tokens = std::min<std::size_t>(tokens, slots_.free_cells() - entries_.size());
        }
        if (tokens > 0) plan_part(*slot, tokens);
    }
    // Prompts alone hold all cells and none is complete: one must give way.
    if (parts_.empty() && slots_.busy_count() > 1) preempt_youngest();
}

void Scheduler::plan_part(Slot& slot, std::size_t tokens) {
    const bool output = tokens == slot.remaining();
    for (std::size_t i = 0; i < tokens; ++i) {
        const std::size_t position = slot.cached.size() + i;
        entries_.push_back(
            {slot.call->tokens[position], static_cast<llama_pos>(position), slot.sequence, output && i + 1 == tokens});
    }
    parts_.push_back({&slot, tokens, entries_.size() - 1, output});
}

// llama.cpp found no room where our account saw some: sliding windows may hold cells that we do not know.
void Scheduler::on_no_cells() {
    slots_.clear_idle();
    if (slots_.busy_count() > 1) return preempt_youngest();
    Error error{Code::resource_exhausted, "the call does not fit into the model's KV cache", {}};
    fail_call(slots_.release_and_clear(*parts_.front().slot), std::move(error));
}

// The sequences of the batch may hold a part of it: these calls end and their cells are freed.
void Scheduler::on_failed(DecodeOutcome outcome) {
    const bool stopping = outcome == DecodeOutcome::aborted;
    for (const Part& part : parts_) {
        if (stopping) continue;  // run() ends all calls
        Error error{Code::internal, "the model failed to compute the next token", {}};
        fail_call(slots_.release_and_clear(*part.slot), std::move(error));
    }
}

// Chooses the call's next token and tells its listener.
void Scheduler::continue_call(const Part& part) {
    Slot& slot = *part.slot;
    Call& call = *slot.call;
    const std::span<const float> logits = context_->logits(part.last_entry);
    Result<llama_token> chosen =
        logits.empty() ? fail(Code::internal, "the model gave no output") : call.sampler.choose(logits, candidates_);
    if (!chosen) return fail_call(slots_.release_and_clear(slot), std::move(chosen).error());

    call.last_token = std::chrono::steady_clock::now();
    if (call.generated++ == 0) call.first_token = call.last_token;
    {
        const std::scoped_lock lock(mutex_);
        ++stats_.completion_tokens;
    }
    if (model_.vocabulary().ends_generation(*chosen)) return finish(slot, FinishReason::stop);

    call.tokens.push_back(*chosen);
    bytes_.clear();
    model_.vocabulary().append_bytes(bytes_, *chosen);
    TokenDetail detail;
    if (call.logprobs) detail = detail_of(call, *chosen, logits);
    call.listener->on_token(call.output.push(bytes_, std::move(detail)));
    if (call.output.stopped()) return finish(slot, FinishReason::stop);
    if (call.generated >= call.tokens_max) finish(slot, FinishReason::length);
}

TokenDetail Scheduler::detail_of(const Call& call, llama_token token, std::span<const float> logits) const {
    const float total = log_sum_exp(logits);
    const auto describe = [&](llama_token described, float logit) {
        TokenLogprob entry{.token = described, .bytes = {}, .logprob = logit - total};
        model_.vocabulary().append_bytes(entry.bytes, described);
        return entry;
    };
    TokenDetail detail;
    detail.chosen = describe(token, logits[static_cast<std::size_t>(token)]);
    for (const auto& [other, logit] : largest_logits(logits, call.top_logprobs)) {
        detail.alternatives.push_back(describe(other, logit));
    }
    return detail;
}

}  // namespace forebay::engine
