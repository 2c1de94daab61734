#include "engine/slots.h"

#include <algorithm>

namespace forebay::engine {

Slots::Slots(LlamaContext& context, std::uint32_t count)
    : context_(context), slots_(count), cells_(context.kv_cells()) {
    for (std::uint32_t i = 0; i < count; ++i) slots_[i].sequence = static_cast<llama_seq_id>(i);
}

std::uint32_t Slots::busy_count() const {
    return static_cast<std::uint32_t>(std::ranges::count_if(slots_, &Slot::busy));
}

// How much of the call's beginning `slot` holds. The last token is always computed anew, for its logits.
std::size_t Slots::reusable(const Slot& slot, const Call& call) const {
    const std::size_t most = std::min(slot.cached.size(), call.tokens.size() - 1);
    const auto difference = std::mismatch(slot.cached.begin(), slot.cached.begin() + static_cast<std::ptrdiff_t>(most),
                                          call.tokens.begin());
    const auto common = static_cast<std::size_t>(difference.first - slot.cached.begin());
    if (context_.can_truncate()) return common;
    return !slot.busy() && common == slot.cached.size() ? common : 0;
}

Slots::Source Slots::best_source(const Call& call, bool idle_only) {
    Source best;
    for (Slot& slot : slots_) {
        if (idle_only && slot.busy()) continue;
        const std::size_t tokens = reusable(slot, call);
        if (tokens > best.tokens) best = {&slot, tokens};
    }
    return best;
}

Slot* Slots::longest_unused(bool with_cells) {
    Slot* found = nullptr;
    for (Slot& slot : slots_) {
        if (slot.busy() || (with_cells && slot.cells.empty())) continue;
        // An empty slot costs nothing to take.
        const auto rank = [](const Slot& s) { return s.cells.empty() ? 0 : s.last_used; };
        if (!found || rank(slot) < rank(*found)) found = &slot;
    }
    return found;
}

// The idle slot to use. The source itself when nothing of it would be lost, so that a conversation goes on
// in place; otherwise an empty one, which gets a share of the source's cells. Without an empty one: the
// source again if little would be lost, else the longest unused.
Slot* Slots::choose_target(const Source& source) {
    Slot* other = longest_unused(false);
    if (!source.slot || source.slot->busy()) return other;
    const std::size_t lost = source.slot->cached.size() - source.tokens;
    if (lost == 0 || (lost <= source.tokens && !other->cells.empty())) return source.slot;
    return other;
}

Slot* Slots::place(std::unique_ptr<Call>& call, std::uint32_t spare) {
    Source source = best_source(*call, false);
    if (const Source idle = best_source(*call, true); idle.tokens == source.tokens) source = idle;
    Slot* target = choose_target(source);
    if (!target) return nullptr;

    // Cells that busy slots will still ask for are spoken for. A busy source's cells are pinned already.
    std::size_t spoken_for = cells_.pinned() + spare;
    for (const Slot& slot : slots_) spoken_for += slot.busy() ? slot.remaining() : 0;
    const std::size_t needed = call->tokens.size() - (source.slot && source.slot->busy() ? source.tokens : 0);
    if (spoken_for + needed > cells_.capacity()) return nullptr;

    if (target == source.slot) {
        keep_prefix(*target, source.tokens);
    } else {
        clear(*target);
        if (source.tokens > 0) {
            const auto count = static_cast<std::uint32_t>(source.tokens);
            llama_memory_seq_cp(context_.memory(), source.slot->sequence, target->sequence, 0,
                                static_cast<llama_pos>(count));
            cells_.share(source.slot->cells, count, target->cells);
            target->cached.assign(call->tokens.begin(), call->tokens.begin() + count);
        }
    }
    target->call = std::move(call);
    target->last_used = ++clock_;
    cells_.pin(target->cells);
    return target;
}

std::unique_ptr<Call> Slots::release(Slot& slot) {
    cells_.unpin(slot.cells);
    slot.last_used = ++clock_;
    return std::move(slot.call);
}

std::unique_ptr<Call> Slots::release_and_clear(Slot& slot) {
    std::unique_ptr<Call> call = release(slot);
    clear(slot);
    return call;
}

void Slots::advance(Slot& slot, std::size_t count) {
    const auto begin = slot.call->tokens.begin() + static_cast<std::ptrdiff_t>(slot.cached.size());
    cells_.append(slot.cells, static_cast<std::uint32_t>(count));
    slot.cached.insert(slot.cached.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
}

bool Slots::make_room(std::uint32_t count) {
    while (cells_.free() < count) {
        Slot* idle = longest_unused(true);
        // longest_unused() prefers empty slots; with cells asked for, it finds none only when all are busy.
        if (!idle) return false;
        clear(*idle);
    }
    return true;
}

void Slots::clear_idle() {
    for (Slot& slot : slots_) {
        if (!slot.busy()) clear(slot);
    }
}

Slot* Slots::youngest() {
    Slot* found = nullptr;
    for (Slot& slot : slots_) {
        if (slot.busy() && (!found || slot.call->id > found->call->id)) found = &slot;
    }
    return found;
}

void Slots::clear(Slot& slot) {
    llama_memory_seq_rm(context_.memory(), slot.sequence, -1, -1);
    cells_.truncate(slot.cells, 0);
    slot.cached.clear();
}

void Slots::keep_prefix(Slot& slot, std::size_t count) {
    if (count == slot.cached.size()) return;
    if (!llama_memory_seq_rm(context_.memory(), slot.sequence, static_cast<llama_pos>(count), -1)) {
        clear(slot);  // this memory cannot forget a part
        return;
    }
    cells_.truncate(slot.cells, static_cast<std::uint32_t>(count));
    slot.cached.resize(count);
}

}  // namespace forebay::engine
