// Guesses are made of symbols that are each what merging makes of their own text, and each seam between two of them is
// checked. Symbols of which any two neighbours stay apart when merged as a pair are what merging makes of the whole
// (docs/decisions/0014-long-pieces-in-chunks.md). Where a seam is wrong, the symbols around it are merged anew, more
// and more of them; where it takes many, guesses are merged in large chunks from then on, which bounds the cost.
#include "tokenizer/long_piece.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tokenizer/table_format.h"

namespace forebay::tokenizer {
namespace {

constexpr std::size_t chunk_bytes = 32;
constexpr std::size_t chunk_bytes_max = std::size_t{1} << 20;

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::span<const Symbol> LongPiece::merge(std::string_view piece) {
    std::vector<Symbol>& out = memory_.symbols;
    std::vector<Symbol>& pending = memory_.pending;
    out.clear();
    pending.clear();
    piece_ = piece;
    settled_ = guessed_ = next_ = 0;
    chunk_limit_ = chunk_bytes;
    while (settled_ < piece.size()) {
        if (next_ == pending.size()) {
            next_ = 0;
            guess();
        }
        const Symbol symbol = pending[next_];
        if (out.empty() || stay_apart(settled_, out.back(), symbol)) {
            out.push_back(symbol);
            settled_ += table_.size_of(symbol);
            ++next_;
        } else {
            repair();
        }
    }
    return out;
}

// Makes new pending symbols, at least one, when all were settled.
void LongPiece::guess() {
    const std::string_view rest = piece_.substr(guessed_);
    const bool in_chunks = chunk_limit_ > chunk_bytes || !table_.is_byte_level();
    if (!in_chunks && !is_ascii(rest.substr(0, 16))) {
        guessed_ += merger_.guess_by_characters(memory_.pending, rest);
    } else if (in_chunks || !guess_longest(rest)) {
        const std::size_t size = chunk_size(rest);
        merge_chunk(rest.substr(0, size));
        guessed_ += size;
    }
}

// The longest token that stays apart from the symbol before; if none does, the longest.
bool LongPiece::guess_longest(std::string_view rest) {
    std::array<PieceKey, PieceKey::bytes_max> keys;
    std::array<std::uint64_t, PieceKey::bytes_max> hashes;
    const std::size_t most = std::min(rest.size(), PieceKey::bytes_max);
    char copy[16] = {};
    std::memcpy(copy, rest.data(), most);
    std::size_t count = 0;
    for (std::size_t size = 1; size <= most; ++size) {
        keys[count] = piece_key_within(copy, size);
        hashes[count] = hash_of(keys[count]);
        // The last one stays, for what is longer.
        count += size == PieceKey::bytes_max || table_.may_be_piece(hashes[count]) ? 1 : 0;
    }
    std::size_t longest = 0;
    // Whether the search is over.
    const auto offer = [&](std::uint32_t value, std::size_t size) {
        if (value == TokenTable::no_piece || (value & TokenTable::only_whole) != 0) return false;
        const bool fits = settled_ == 0 || stay_apart(settled_, memory_.symbols.back(), value);
        if (fits || longest == 0) {
            longest = size;
            memory_.pending.assign(1, value);
        }
        return fits;
    };
    bool found = false;
    if (rest.size() > PieceKey::bytes_max) {
        for (const std::uint16_t size : table_.longer_sizes(hashes[count - 1])) {
            if (size > rest.size()) continue;
            found = offer(table_.find_long_piece(rest.substr(0, size)), size);
            if (found) break;
        }
    }
    while (!found && count-- > 0) found = offer(table_.find_piece(keys[count], hashes[count]), keys[count].high >> 56);
    guessed_ += longest;
    return longest > 0;
}

// A chunk is part of a piece, so that tokens for whole pieces only are not for it.
void LongPiece::merge_chunk(std::string_view chunk) {
    std::vector<Symbol>& out = memory_.pending;
    if (chunk.size() > PieceKey::bytes_max) return merger_.merge_into(out, chunk);
    const PieceKey key = piece_key(chunk);
    const std::uint64_t hash = hash_of(key);
    PackedTokens known;
    // What the cache knows for pieces is right for chunks only where no token is for whole pieces alone.
    if (!table_.has_only_whole() && memory_.pieces.find(key, hash, known)) {
        out.resize(known.size());
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = known[i];
        return;
    }
    const std::uint32_t value = table_.find_piece(key, hash);
    if (value != TokenTable::no_piece && (value & TokenTable::only_whole) == 0) {
        out.assign(1, value);
    } else {
        merger_.merge_into(out, chunk);
        if (!table_.has_only_whole() && out.size() <= PackedTokens::count_max) {
            memory_.pieces.add(key, hash, packed(out));
        }
    }
}

// Where to cut the rest of a long piece: between characters, and in front of a word where spaces are part of the piece,
// because words come again.
std::size_t LongPiece::chunk_size(std::string_view rest) const {
    const std::size_t limit = chunk_limit_;
    if (rest.size() <= limit && table_.is_byte_level()) return rest.size();
    if (table_.is_byte_level()) {
        std::size_t size = limit;
        while (size > limit - 3 && (static_cast<unsigned char>(rest[size]) & 0xC0) == 0x80) --size;
        return size;
    }
    std::size_t size = 0;
    bool in_word = false;
    while (size < rest.size() && size < limit) {
        const bool mark = rest.substr(size).starts_with(space_mark);
        if (mark && in_word && limit <= chunk_bytes) break;
        in_word = !mark;
        size += character_size(static_cast<unsigned char>(rest[size]));
    }
    return std::min(size, rest.size());
}

namespace {

// A symbol, the last (or first) one of what it was made of, the last of that, and so on; the smallest is the last.
struct Edge {
    static constexpr std::size_t depth_max = 32;
    std::array<TokenTable::Making, depth_max> makings;
    std::array<Symbol, depth_max> symbols;
    std::size_t depth = 0;

    // False: the makings are not known, or there are too many.
    bool walk(const TokenTable& table, Symbol symbol, Symbol TokenTable::Making::* side) {
        for (depth = 0; depth < depth_max;) {
            const TokenTable::Making& making = table.making_of(symbol);
            if (making.priority == TokenTable::unknown_making) return false;
            makings[depth] = making;
            symbols[depth++] = symbol;
            if (making.left == TokenTable::none) return true;
            symbol = making.*side;
        }
        return false;
    }
};

}  // namespace

// Goes through the merging of both in the order of priorities, looking only at what touches the seam at each moment:
// whether that would merge before one of the two grows.
std::optional<bool> LongPiece::compare_edges(Symbol left, Symbol right) const {
    Edge before;
    Edge after;
    if (!before.walk(table_, left, &TokenTable::Making::right)) return std::nullopt;
    if (!after.walk(table_, right, &TokenTable::Making::left)) return std::nullopt;
    std::size_t i = before.depth - 1;
    std::size_t j = after.depth - 1;
    for (;;) {
        const std::uint32_t across = table_.find_pair(before.symbols[i], after.symbols[j]).priority;
        const std::uint32_t grows_left = i > 0 ? before.makings[i - 1].priority : TokenTable::none;
        const std::uint32_t grows_right = j > 0 ? after.makings[j - 1].priority : TokenTable::none;
        // Of equal priorities the leftmost place goes first.
        if (across != TokenTable::none && across < grows_left && across <= grows_right) return false;
        if (i == 0 && j == 0) return true;
        if (grows_left <= grows_right) {
            --i;
        } else {
            --j;
        }
    }
}

// Whether the symbols on both sides of the byte `seam` stay as they are.
bool LongPiece::stay_apart(std::size_t seam, Symbol left, Symbol right) {
    if (table_.is_lone_byte(left) || table_.is_lone_byte(right)) return true;
    using enum SeamMemo::Answer;
    if (const SeamMemo::Answer known = memory_.seams.find(left, right); known != unknown) return known == apart;
    std::optional<bool> stay = compare_edges(left, right);
    if (!stay) {
        const std::size_t left_size = table_.size_of(left);
        merger_.merge_into(memory_.pair, piece_.substr(seam - left_size, left_size + table_.size_of(right)));
        stay = memory_.pair.size() == 2 && memory_.pair[0] == left && memory_.pair[1] == right;
    }
    memory_.seams.add(left, right, *stay ? apart : joined);
    return *stay;
}

// Merges the symbols around the end of the settled ones anew, more of them on a side until they stay apart from the
// next one there, and settles the result.
void LongPiece::repair() {
    std::vector<Symbol>& out = memory_.symbols;
    std::vector<Symbol>& window = memory_.window;
    const std::span<const Symbol> pending = std::span(memory_.pending).subspan(next_);
    std::size_t left = 0, right = 0;  // symbols taken
    std::size_t left_bytes = 0, right_bytes = 0;
    bool left_stays = false, right_stays = false;
    while (!left_stays || !right_stays) {
        // Twice as many each time, so that merging them anew costs little more than the last time alone.
        const std::size_t left_wanted = left_stays ? left : std::min(out.size(), std::max<std::size_t>(1, left * 2));
        const std::size_t right_wanted =
            right_stays ? right : std::min(pending.size(), std::max<std::size_t>(1, right * 2));
        for (; left < left_wanted; ++left) left_bytes += table_.size_of(out[out.size() - 1 - left]);
        for (; right < right_wanted; ++right) right_bytes += table_.size_of(pending[right]);
        merger_.merge_into(window, piece_.substr(settled_ - left_bytes, left_bytes + right_bytes));
        left_stays =
            left == out.size() || stay_apart(settled_ - left_bytes, out[out.size() - 1 - left], window.front());
        right_stays = right == pending.size() || stay_apart(settled_ + right_bytes, window.back(), pending[right]);
    }
    out.resize(out.size() - left);
    out.insert(out.end(), window.begin(), window.end());
    settled_ += right_bytes;
    next_ += right;
    chunk_limit_ = std::max(chunk_limit_, std::min((left_bytes + right_bytes) / 2, chunk_bytes_max));
}

}  // namespace forebay::tokenizer
