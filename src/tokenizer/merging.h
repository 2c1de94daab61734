// Merges inside one piece: always the pair of neighbours with the lowest priority, and of its places the leftmost.
// `find(left, right)` gives TokenTable::Joined.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "tokenizer/token_table.h"

namespace forebay::tokenizer {

// Symbols to merge by the textbook loop, which is quadratic and, for few, the fastest. Each keeps its place; of two
// that merge, the left one's stays.
class FewSymbols {
public:
    static constexpr std::size_t count_max = 64;

    void clear() { count_ = 0; }
    std::size_t size() const { return count_; }
    Symbol last() const { return symbols_[count_ - 1]; }

    // With what the symbol before it and this one become. At most count_max times.
    void add(Symbol symbol, TokenTable::Joined with_last) {
        if (count_ > 0) set(count_ - 1, with_last);
        symbols_[count_] = symbol;
        next_[count_] = static_cast<std::uint8_t>(count_ + 1);
        previous_[count_] = static_cast<std::uint8_t>(count_ - 1);
        ranks_[count_] = nothing;
        ++count_;
    }

    // The symbols that are left, in order; valid until the next clear().
    template <class Find>
    std::span<const Symbol> merge(const Find& find) {
        // So that the search below needs no special last step.
        const std::size_t padded = (count_ + 7) / 8 * 8;
        for (std::size_t i = count_; i < padded; ++i) ranks_[i] = nothing;
        for (;;) {
            const std::int32_t lowest = lowest_rank(padded);
            if (lowest == nothing) break;
            const std::size_t at = static_cast<std::size_t>(lowest) % count_max;
            const std::size_t removed = next_[at];
            const std::size_t after = next_[removed];
            symbols_[at] = results_[at];
            next_[at] = static_cast<std::uint8_t>(after);
            ranks_[removed] = nothing;
            ranks_[at] = nothing;
            if (after < count_) {
                previous_[after] = static_cast<std::uint8_t>(at);
                set(at, find(symbols_[at], symbols_[after]));
            }
            if (at > 0) set(previous_[at], find(symbols_[previous_[at]], symbols_[at]));
        }
        std::size_t left = 0;
        for (std::size_t i = 0; i < count_; i = next_[i]) symbols_[left++] = symbols_[i];
        return {symbols_.data(), left};
    }

private:
    // A priority and a place in one number, so that the lowest is the leftmost of the lowest priority.
    static constexpr std::int32_t nothing = INT32_MAX;

    std::int32_t lowest_rank(std::size_t padded) const {
        std::int32_t lowest = nothing;
#pragma clang loop vectorize(disable) unroll_count(8)
        for (std::size_t i = 0; i < padded; ++i) lowest = std::min(lowest, ranks_[i]);
        return lowest;
    }

    void set(std::size_t at, TokenTable::Joined joined) {
        const bool joins = joined.priority != TokenTable::none;
        ranks_[at] = joins ? static_cast<std::int32_t>(joined.priority * count_max + at) : nothing;
        results_[at] = joined.symbol;
    }

    std::size_t count_ = 0;
    alignas(32) std::array<std::int32_t, count_max> ranks_;
    std::array<Symbol, count_max> symbols_;
    std::array<Symbol, count_max> results_;
    std::array<std::uint8_t, count_max> next_, previous_;
};

// The same for any number of symbols, with a heap: n log n.
class ManySymbols {
public:
    void clear() {
        nodes_.clear();
        last_ = {};
    }
    void add(Symbol symbol) {
        const auto at = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({symbol, {}, at - 1, at + 1});
    }

    template <class Find>
    void merge(const Find& find) {
        heap_.clear();
        for (std::uint32_t i = 0; i + 1 < nodes_.size(); ++i) {
            nodes_[i].joined = find(nodes_[i].symbol, nodes_[i + 1].symbol);
            if (nodes_[i].joined.priority != TokenTable::none) heap_.push_back(entry(i));
        }
        std::ranges::make_heap(heap_, std::greater<>());
        while (!heap_.empty()) {
            std::ranges::pop_heap(heap_, std::greater<>());
            const std::uint64_t top = heap_.back();
            heap_.pop_back();
            const auto at = static_cast<std::uint32_t>(top);
            // An entry whose place has changed meanwhile.
            if (nodes_[at].gone || entry(at) != top) continue;
            apply(at, find);
        }
    }

    void append_to(std::vector<Symbol>& out) const {
        for (std::size_t i = 0; i < nodes_.size(); i = nodes_[i].next) out.push_back(nodes_[i].symbol);
    }

    // The pair that merged last, if any did.
    TokenTable::Making last_making() const { return last_; }

    std::size_t memory() const { return nodes_.capacity() * sizeof(Node) + heap_.capacity() * sizeof(std::uint64_t); }

private:
    struct Node {
        Symbol symbol;
        TokenTable::Joined joined;  // with the next one
        std::uint32_t previous, next;
        bool gone = false;
    };

    std::uint64_t entry(std::uint32_t at) const { return std::uint64_t{nodes_[at].joined.priority} << 32 | at; }

    template <class Find>
    void apply(std::uint32_t at, const Find& find) {
        Node& node = nodes_[at];
        Node& removed = nodes_[node.next];
        last_ = {node.symbol, removed.symbol, node.joined.priority};
        node.symbol = node.joined.symbol;
        node.next = removed.next;
        removed.gone = true;
        if (node.next < nodes_.size()) nodes_[node.next].previous = at;
        look_up(at, find);
        if (at > 0) look_up(node.previous, find);
    }

    template <class Find>
    void look_up(std::uint32_t at, const Find& find) {
        Node& node = nodes_[at];
        node.joined = {};
        if (node.next >= nodes_.size()) return;
        node.joined = find(node.symbol, nodes_[node.next].symbol);
        if (node.joined.priority == TokenTable::none) return;
        heap_.push_back(entry(at));
        std::ranges::push_heap(heap_, std::greater<>());
    }

    TokenTable::Making last_;
    std::vector<Node> nodes_;
    std::vector<std::uint64_t> heap_;
};

}  // namespace forebay::tokenizer
