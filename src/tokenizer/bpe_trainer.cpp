// Problem: each merge changes the counts of the pairs beside it, and counting all pairs anew for each of some thousand
// merges would read the corpus as often.
// Idea: each distinct piece is kept once, with its count. All lie in one array of symbols; a symbol's id stands at its
// first and at its last position, so that both neighbours are found without links. A pair remembers where it begins,
// and a merge visits these places only. All occurrences of a pair appear during one pass, the one that makes the newer
// of its two tokens, from left to right; so its list is complete, and in order, when the pair enters the heap, and
// later merges only make entries stale. Counts only fall after that: a pair popped with an old count goes back with the
// new. Cost: one visit for each symbol that a merge removes. Memory: about 16 bytes a byte of distinct pieces.
//
// The order in which pieces are met decides nothing: merges are chosen by counts and ids alone.
#include "tokenizer/bpe_trainer.h"

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "tokenizer/bpe_vocabulary.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/pair_map.h"
#include "tokenizer/splitter.h"

namespace forebay::tokenizer {
namespace {

struct Piece {
    std::string_view bytes;
    std::uint64_t count = 0;
};

struct HashBytes {
    std::size_t operator()(std::string_view bytes) const { return checksum(bytes); }
};

std::vector<Piece> distinct_pieces(std::span<const std::string_view> corpus) {
    std::unordered_map<std::string_view, std::uint64_t, HashBytes> counts;
    const Splitter& splitter = **find_splitter("qwen2");
    std::array<std::uint32_t, 256> ends;
    for (const std::string_view text : corpus) {
        for (std::size_t at = 0; at < text.size();) {
            for (const std::uint32_t end : std::span(ends).first(splitter.split(text, at, ends))) {
                ++counts[text.substr(at, end - at)];
                at = end;
            }
        }
    }
    std::vector<Piece> pieces;
    pieces.reserve(counts.size());
    for (const auto& [bytes, count] : counts) pieces.push_back({bytes, count});
    return pieces;
}

constexpr TokenId boundary = -1;  // between two pieces
constexpr TokenId merged = -2;    // inside a symbol

struct Pair {
    TokenId left = 0;
    TokenId right = 0;
    std::uint64_t count = 0;            // in the corpus, as of now
    std::vector<std::uint32_t> places;  // where it was when the newer token was made
};

// The most frequent first; equals by their ids.
struct Candidate {
    std::uint64_t count = 0;
    TokenId left = 0;
    TokenId right = 0;
    std::uint32_t pair = 0;

    bool operator<(const Candidate& other) const {
        if (count != other.count) return count < other.count;
        if (left != other.left) return left > other.left;
        return right > other.right;
    }
};

class Trainer {
public:
    Trainer(const std::vector<Piece>& pieces, std::size_t symbols, const BpeOptions& options)
        : count_least_(std::max<std::uint64_t>(1, options.count_least)),
          forbidden_(options.control.begin(), options.control.end()) {
        vocabulary_.tokens = make_byte_tokens();
        read(pieces, symbols);
        offer_new_pairs();
    }

    // The next merge in the order of the algorithm; false when no pair is left.
    bool merge_next() {
        while (!heap_.empty()) {
            const Candidate best = heap_.top();
            heap_.pop();
            Pair& pair = pairs_[best.pair];
            if (pair.count != best.count) {
                offer(best.pair);
                continue;
            }
            std::string bytes = bytes_of(pair.left) + bytes_of(pair.right);
            if (forbidden_.contains(printable_spelling(bytes))) continue;
            vocabulary_.tokens.push_back(std::move(bytes));
            vocabulary_.merges.emplace_back(pair.left, pair.right);
            apply(best.pair);
            offer_new_pairs();
            return true;
        }
        return false;
    }

    BpeVocabulary take() { return std::move(vocabulary_); }

private:
    const std::string& bytes_of(TokenId token) const { return vocabulary_.tokens[static_cast<std::size_t>(token)]; }
    std::uint32_t size_of(TokenId token) const { return static_cast<std::uint32_t>(bytes_of(token).size()); }

    void read(const std::vector<Piece>& pieces, std::size_t symbols) {
        std::array<TokenId, byte_tokens> token_of_byte{};
        for (std::size_t i = 0; i < byte_tokens; ++i) {
            token_of_byte[static_cast<unsigned char>(vocabulary_.tokens[i][0])] = static_cast<TokenId>(i);
        }
        symbols_.reserve(symbols);
        piece_at_.reserve(symbols);
        symbols_.push_back(boundary);
        piece_at_.push_back(0);
        for (const Piece& piece : pieces) {
            const auto index = static_cast<std::uint32_t>(counts_.size());
            counts_.push_back(piece.count);
            for (const char byte : piece.bytes) {
                symbols_.push_back(token_of_byte[static_cast<unsigned char>(byte)]);
                piece_at_.push_back(index);
                const TokenId before = symbols_[symbols_.size() - 2];
                if (before != boundary) add(before, symbols_.back(), symbols_.size() - 2, piece.count);
            }
            symbols_.push_back(boundary);
            piece_at_.push_back(index);
        }
    }

    void add(TokenId left, TokenId right, std::size_t place, std::uint64_t count) {
        const std::uint32_t index = index_of_.find_or_add(left, right, static_cast<std::uint32_t>(pairs_.size()));
        if (index == pairs_.size()) pairs_.push_back({left, right, 0, {}});
        pairs_[index].count += count;
        pairs_[index].places.push_back(static_cast<std::uint32_t>(place));
    }

    void subtract(TokenId left, TokenId right, std::uint64_t count) {
        const std::uint32_t index = index_of_.find(left, right);
        pairs_[index].count -= count;
    }

    void offer(std::uint32_t index) {
        const Pair& pair = pairs_[index];
        if (pair.count >= count_least_) heap_.push({pair.count, pair.left, pair.right, index});
    }

    void offer_new_pairs() {
        for (; offered_ < pairs_.size(); ++offered_) offer(static_cast<std::uint32_t>(offered_));
    }

    // Puts the newest token in place of every occurrence of the pair.
    void apply(std::uint32_t index) {
        const TokenId left = pairs_[index].left;
        const TokenId right = pairs_[index].right;
        const auto made = static_cast<TokenId>(vocabulary_.tokens.size() - 1);
        const std::uint32_t left_size = size_of(left);
        const std::uint32_t size = size_of(made);
        // Taken out first: add() moves the pairs.
        const std::vector<std::uint32_t> places = std::move(pairs_[index].places);
        pairs_[index].places = {};
        for (const std::uint32_t place : places) {
            const std::uint32_t middle = place + left_size;
            if (symbols_[place] != left || symbols_[middle] != right) continue;
            const std::uint64_t count = counts_[piece_at_[place]];
            const std::uint32_t end = place + size;
            const TokenId before = symbols_[place - 1];
            const TokenId after = symbols_[end];

            symbols_[middle - 1] = symbols_[middle] = merged;
            symbols_[place] = symbols_[end - 1] = made;
            if (before != boundary) {
                subtract(before, left, count);
                add(before, made, place - size_of(before), count);
            }
            if (after != boundary) {
                subtract(right, after, count);
                add(made, after, place, count);
            }
        }
    }

    BpeVocabulary vocabulary_;
    const std::uint64_t count_least_;
    const std::unordered_set<std::string> forbidden_;
    std::vector<TokenId> symbols_;         // at first and last position of each symbol its id
    std::vector<std::uint32_t> piece_at_;  // index into counts_, by position
    std::vector<std::uint64_t> counts_;    // by piece
    PairMap index_of_;                     // into pairs_
    std::vector<Pair> pairs_;
    std::size_t offered_ = 0;  // this many of pairs_ have been in the heap
    std::priority_queue<Candidate> heap_;
};

}  // namespace

Result<BpeVocabulary> train_bpe(std::span<const std::string_view> corpus, const BpeOptions& options) {
    FOREBAY_TRY_VOID(check_control(options.control));
    const std::size_t fixed = byte_tokens + options.control.size();
    if (options.vocabulary < fixed) {
        return fail(Code::invalid_argument,
                    "a vocabulary of {} tokens is too small: 256 bytes and {} control tokens are {}",
                    options.vocabulary, options.control.size(), fixed);
    }
    if (options.vocabulary > INT32_MAX) {
        return fail(Code::invalid_argument, "a vocabulary of {} tokens is too large", options.vocabulary);
    }
    const std::vector<Piece> pieces = distinct_pieces(corpus);
    if (pieces.empty()) return fail(Code::invalid_argument, "the corpus of the tokenizer is empty");
    std::size_t symbols = 1;
    for (const Piece& piece : pieces) symbols += piece.bytes.size() + 1;
    if (symbols > UINT32_MAX) {
        return fail(Code::too_large, "the corpus has {} bytes of distinct pieces; at most 4 GiB can be trained on",
                    symbols);
    }

    Trainer trainer(pieces, symbols, options);
    for (std::size_t count = options.vocabulary - fixed; count > 0 && trainer.merge_next(); --count) {
    }
    BpeVocabulary vocabulary = trainer.take();
    vocabulary.control = options.control;
    vocabulary.tokens.insert(vocabulary.tokens.end(), options.control.begin(), options.control.end());
    return vocabulary;
}

}  // namespace forebay::tokenizer
