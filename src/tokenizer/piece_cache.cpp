#include "tokenizer/piece_cache.h"

#include <algorithm>
#include <atomic>

namespace forebay::tokenizer {
namespace {

constexpr std::size_t tokenizers_per_thread = 4;
constexpr std::size_t kept_bytes_max = std::size_t{4} << 20;

struct Kept {
    std::uint64_t tokenizer = 0;
    std::unique_ptr<ThreadMemory> memory;
};

// The one used last comes first.
std::vector<Kept>& kept_by_this_thread() {
    thread_local std::vector<Kept> kept;
    return kept;
}

}  // namespace

ThreadMemory& thread_memory(std::uint64_t tokenizer) {
    std::vector<Kept>& kept = kept_by_this_thread();
    const auto found = std::ranges::find(kept, tokenizer, &Kept::tokenizer);
    if (found != kept.end()) {
        if (found != kept.begin()) std::rotate(kept.begin(), found, found + 1);
    } else {
        if (kept.size() == tokenizers_per_thread) kept.pop_back();
        kept.insert(kept.begin(), Kept{tokenizer, std::make_unique<ThreadMemory>()});
    }
    ThreadMemory& memory = *kept.front().memory;
    if (memory.many.memory() > kept_bytes_max) memory.many = {};
    for (auto* symbols : {&memory.symbols, &memory.pending, &memory.window, &memory.pair}) {
        if (symbols->capacity() * sizeof(Symbol) > kept_bytes_max) *symbols = {};
    }
    return memory;
}

std::uint64_t next_tokenizer_number() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace forebay::tokenizer
