// Slots: the sequences that llama.cpp decodes side by side. A slot keeps its tokens and their KV cells
// after its call has ended, so that the next call with the same beginning need not compute it again, in
// that slot or (by sharing cells) in another, even while the first is still generating.
//
// Threads  the scheduler's only.
#pragma once
#include <llama.h>

#include <memory>
#include <vector>

#include "engine/call.h"
#include "engine/kv_cells.h"
#include "engine/llama_context.h"

namespace forebay::engine {

struct Slot {
    llama_seq_id sequence = 0;
    Tokens cached;  // tokens whose keys and values are in `cells`
    CellList cells;
    std::unique_ptr<Call> call;  // none: idle
    std::uint64_t last_used = 0;

    bool busy() const { return call != nullptr; }
    // Tokens of the call that are not computed yet; one while it generates.
    std::size_t remaining() const { return call->tokens.size() - cached.size(); }
};

class Slots {
public:
    Slots(LlamaContext& context, std::uint32_t count);

    std::vector<Slot>& all() { return slots_; }
    std::uint32_t busy_count() const;
    std::uint32_t free_cells() const { return cells_.free(); }
    std::uint32_t pinned_cells() const { return cells_.pinned(); }
    std::uint32_t capacity() const { return cells_.capacity(); }

    // Gives `call` an idle slot that holds as much of its beginning as is known anywhere. Null, and the
    // call untouched, when no slot is idle or the cells would not suffice for its tokens and `spare` more.
    Slot* place(std::unique_ptr<Call>& call, std::uint32_t spare);
    // Ends the slot's call and keeps its cells for reuse.
    std::unique_ptr<Call> release(Slot& slot);
    // Ends the slot's call and frees its cells.
    std::unique_ptr<Call> release_and_clear(Slot& slot);
    // Records that the next `count` tokens of the slot's call are computed.
    void advance(Slot& slot, std::size_t count);
    // Frees cells of idle slots, the longest unused first, until `count` are free. False: not enough.
    bool make_room(std::uint32_t count);
    // Forgets all that idle slots hold, for when llama.cpp's account and ours may differ.
    void clear_idle();
    // The busy slot whose call was submitted last.
    Slot* youngest();

private:
    struct Source {
        Slot* slot = nullptr;
        std::size_t tokens = 0;  // of the call's beginning
    };
    Source best_source(const Call& call, bool idle_only);
    Slot* choose_target(const Source& source);
    Slot* longest_unused(bool with_cells);
    std::size_t reusable(const Slot& slot, const Call& call) const;
    void clear(Slot& slot);
    void keep_prefix(Slot& slot, std::size_t count);

    LlamaContext& context_;
    std::vector<Slot> slots_;
    KvCells cells_;
    std::uint64_t clock_ = 0;
};

}  // namespace forebay::engine
