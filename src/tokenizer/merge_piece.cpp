// Problem: the textbook loop (find the earliest merge, apply it, look again) is quadratic in the piece, and a piece may
// be a megabyte of one letter. Idea: a short piece takes the loop: nothing is faster there. In a long one each pair of
// neighbours waits in the queue of its merge, and merges are taken in the order of the list. A merge makes a token that
// only later merges can join, so no queue gets a place once its turn has come, and all places of one queue come from
// one pass, from left to right: plain lists are in order, and each place is looked at once. A place whose pair has
// changed meanwhile is passed over. Cost: linear in the piece, and a heap operation for each different merge that it
// meets.
#include "tokenizer/merge_piece.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace forebay::tokenizer {
namespace {

constexpr std::size_t short_piece_max = 48;
constexpr std::size_t kept_scratch_symbols_max = 256 * 1024;
constexpr std::uint32_t none = UINT32_MAX;

void append_short(std::vector<TokenId>& out, std::string_view piece, const MergeRules& rules) {
    std::array<TokenId, short_piece_max> tokens;  // the first `count` are in use
    std::array<std::uint32_t, short_piece_max>
        merge_after;  // of a token and the next one; PairMap::absent if there is none
    std::size_t count = piece.size();
    for (std::size_t i = 0; i < count; ++i) tokens[i] = rules.token_of_byte[static_cast<unsigned char>(piece[i])];
    for (std::size_t i = 0; i + 1 < count; ++i) merge_after[i] = rules.merge_of.find(tokens[i], tokens[i + 1]);

    while (count > 1) {
        const auto best = std::min_element(merge_after.begin(), merge_after.begin() + (count - 1));
        if (*best == PairMap::absent) break;
        const auto at = static_cast<std::size_t>(best - merge_after.begin());
        tokens[at] = static_cast<TokenId>(byte_tokens + *best);
        std::copy(tokens.begin() + at + 2, tokens.begin() + count, tokens.begin() + at + 1);
        if (at + 2 < count) std::copy(best + 2, merge_after.begin() + (count - 1), best + 1);
        --count;
        if (at > 0) merge_after[at - 1] = rules.merge_of.find(tokens[at - 1], tokens[at]);
        if (at + 1 < count) merge_after[at] = rules.merge_of.find(tokens[at], tokens[at + 1]);
    }
    out.insert(out.end(), tokens.begin(), tokens.begin() + count);
}

// What a long piece works on. All queues are empty between two pieces.
struct Scratch {
    struct Place {
        std::uint32_t at = 0;
        std::uint32_t next = none;  // in the same queue
    };
    struct Queue {
        std::uint32_t first = none;
        std::uint32_t last = none;
    };
    std::vector<TokenId> symbols;  // at first and last byte of each symbol its token
    std::vector<Place> places;
    std::vector<Queue> queues;          // by merge
    std::vector<std::uint32_t> merges;  // those with a queue: a heap, the earliest on top
};

class LongPiece {
public:
    LongPiece(std::string_view piece, const MergeRules& rules, Scratch& scratch) : rules_(rules), scratch_(scratch) {
        scratch.symbols.clear();
        scratch.places.clear();
        if (scratch.queues.size() < rules.merges.size()) scratch.queues.resize(rules.merges.size());
        for (const char byte : piece) {
            scratch.symbols.push_back(rules.token_of_byte[static_cast<unsigned char>(byte)]);
        }
        for (std::uint32_t i = 0; i + 1 < scratch.symbols.size(); ++i) {
            enqueue(i, scratch.symbols[i], scratch.symbols[i + 1]);
        }
    }

    void merge_all() {
        while (!scratch_.merges.empty()) {
            std::pop_heap(scratch_.merges.begin(), scratch_.merges.end(), std::greater<>());
            const std::uint32_t merge = scratch_.merges.back();
            scratch_.merges.pop_back();
            const Scratch::Queue queue = std::exchange(scratch_.queues[merge], {});
            for (std::uint32_t i = queue.first; i != none; i = scratch_.places[i].next) {
                apply(merge, scratch_.places[i].at);
            }
        }
    }

    void append_to(std::vector<TokenId>& out) const {
        for (std::size_t at = 0; at < scratch_.symbols.size(); at += size_of(scratch_.symbols[at])) {
            out.push_back(scratch_.symbols[at]);
        }
    }

private:
    std::uint32_t size_of(TokenId token) const { return rules_.size[static_cast<std::size_t>(token)]; }

    void enqueue(std::uint32_t at, TokenId left, TokenId right) {
        const std::uint32_t merge = rules_.merge_of.find(left, right);
        if (merge == PairMap::absent) return;
        const auto index = static_cast<std::uint32_t>(scratch_.places.size());
        scratch_.places.push_back({at, none});
        Scratch::Queue& queue = scratch_.queues[merge];
        if (queue.first == none) {
            queue.first = index;
            scratch_.merges.push_back(merge);
            std::push_heap(scratch_.merges.begin(), scratch_.merges.end(), std::greater<>());
        } else {
            scratch_.places[queue.last].next = index;
        }
        queue.last = index;
    }

    void apply(std::uint32_t merge, std::uint32_t at) {
        // Where the left one is gone there is no id or a younger one.
        std::vector<TokenId>& symbols = scratch_.symbols;
        const auto [left, right] = rules_.merges[merge];
        const std::uint32_t middle = at + size_of(left);
        if (symbols[at] != left || symbols[middle] != right) return;
        const std::uint32_t end = middle + size_of(right);
        const auto made = static_cast<TokenId>(byte_tokens + merge);
        symbols[middle - 1] = symbols[middle] = -1;
        symbols[at] = symbols[end - 1] = made;
        if (at > 0) enqueue(at - size_of(symbols[at - 1]), symbols[at - 1], made);
        if (end < symbols.size()) enqueue(at, made, symbols[end]);
    }

    const MergeRules& rules_;
    Scratch& scratch_;
};

}  // namespace

MergeRules::MergeRules(const BpeVocabulary& vocabulary)
    : merge_of(vocabulary.merges.size()), merges(vocabulary.merges) {
    for (std::size_t i = 0; i < byte_tokens; ++i) {
        token_of_byte[static_cast<unsigned char>(vocabulary.tokens[i][0])] = static_cast<TokenId>(i);
    }
    for (std::uint32_t i = 0; i < merges.size(); ++i) {
        merge_of.find_or_add(merges[i].first, merges[i].second, i);
    }
    for (const std::string& token : vocabulary.tokens) size.push_back(static_cast<std::uint32_t>(token.size()));
}

void append_merged(std::vector<TokenId>& out, std::string_view piece, const MergeRules& rules) {
    if (piece.size() <= short_piece_max) return append_short(out, piece, rules);
    thread_local Scratch kept;
    Scratch scratch = std::exchange(kept, {});
    LongPiece work(piece, rules, scratch);
    work.merge_all();
    work.append_to(out);
    if (scratch.symbols.capacity() <= kept_scratch_symbols_max) kept = std::move(scratch);
}

}  // namespace forebay::tokenizer
