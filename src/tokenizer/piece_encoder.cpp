// Problem: nearly all pieces are a token or were seen a moment ago, so that the time goes into waiting for tables.
// Idea: in a batch, the keys are made first and their places in the cache prefetched; then all are looked up without a
// branch on what is found; then those that were not there are resolved, their places in the table prefetched in turn.
#include "tokenizer/piece_encoder.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace forebay::tokenizer {
namespace {

// The `high` of a key that stands for a piece too long for one; no key and no empty place of the cache has it.
constexpr std::uint64_t long_piece = 1;

// Whether the first byte that is not ASCII begins a character: bytes that are no text are not worth guessing at.
bool has_wide_character(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (static_cast<unsigned char>(text[at]) >= 0x80) return utf8::sequence_size(text.substr(at)) > 0;
    }
    return false;
}

class Counter {
public:
    void put(TokenId) { ++count_; }
    void put(const PackedTokens& tokens) { count_ += tokens.size(); }
    std::size_t count() const { return count_; }

private:
    std::size_t count_ = 0;
};

// Through a small buffer: appending to a vector one by one costs more than the rest of a look-up.
class Writer {
public:
    explicit Writer(std::vector<TokenId>& out) : out_(out) {}
    ~Writer() { flush(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void put(TokenId token) {
        if (count_ == usable) flush();
        buffer_[count_++] = token;
    }

    // Always copies four, without a branch on how many they are.
    void put(const PackedTokens& tokens) {
        if (count_ == usable) flush();
        for (std::size_t i = 0; i < PackedTokens::count_max; ++i) buffer_[count_ + i] = static_cast<TokenId>(tokens[i]);
        count_ += tokens.size();
        if (count_ > usable) flush();
    }

private:
    static constexpr std::size_t usable = 1024;

    void flush() {
        out_.insert(out_.end(), buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(count_));
        count_ = 0;
    }

    std::vector<TokenId>& out_;
    std::size_t count_ = 0;
    std::array<TokenId, usable + 2 * PackedTokens::count_max> buffer_;
};

}  // namespace

void PieceEncoder::append_tokens(std::vector<TokenId>& out, std::string_view text) {
    Writer writer(out);
    encode(writer, text);
}

std::size_t PieceEncoder::count(std::string_view text) {
    Counter counter;
    encode(counter, text);
    return counter.count();
}

template <class Sink>
void PieceEncoder::put(Sink& sink, Symbol symbol) {
    if (symbol < table_.token_count()) return sink.put(static_cast<TokenId>(symbol));
    for (const TokenId token : table_.tokens_of(symbol)) sink.put(token);
}

template <class Sink>
void PieceEncoder::encode(Sink& sink, std::string_view text) {
    if (splitter_ == nullptr) return encode_one(sink, text);
    std::array<std::uint32_t, batch_pieces> ends;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t count = splitter_->split(text, at, ends);
        if (!table_.has_other_symbols()) {
            encode_batch(sink, text, at, std::span(ends).first(count));
            at = ends[count - 1];
            continue;
        }
        for (const std::uint32_t end : std::span(ends).first(count)) {
            encode_one(sink, text.substr(at, end - at));
            at = end;
        }
    }
}

template <class Sink>
void PieceEncoder::encode_batch(Sink& sink, std::string_view text, std::size_t begin,
                                std::span<const std::uint32_t> ends) {
    Batch batch;
    make_keys(batch, text, begin, ends);
    std::array<std::uint16_t, batch_pieces> misses;
    std::size_t miss_count = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const bool found = memory_.pieces.find(batch.keys[i], batch.hashes[i], batch.tokens[i]);
        misses[miss_count] = static_cast<std::uint16_t>(i);
        miss_count += found ? 0 : 1;
    }
    resolve(batch, std::span(misses).first(miss_count), text, begin, ends);
    for (std::size_t i = 0; i < ends.size(); ++i) {
        if (batch.tokens[i].size() != 0) [[likely]] {
            sink.put(batch.tokens[i]);
        } else {
            const std::size_t from = i == 0 ? begin : ends[i - 1];
            encode_long(sink, text.substr(from, ends[i] - from));
        }
    }
}

void PieceEncoder::make_keys(Batch& batch, std::string_view text, std::size_t begin,
                             std::span<const std::uint32_t> ends) const {
    const bool readable = ends.back() + std::size_t{16} <= text.size();
    std::size_t from = begin;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const std::size_t size = ends[i] - from;
        if (size > PieceKey::bytes_max) {
            batch.keys[i] = {0, long_piece};
        } else if (readable) {
            batch.keys[i] = piece_key_within(text.data() + from, size);
        } else {
            batch.keys[i] = piece_key(text.substr(from, size));
        }
        batch.hashes[i] = hash_of(batch.keys[i]);
        memory_.pieces.prefetch(batch.hashes[i]);
        from = ends[i];
    }
}

// The pieces that the cache does not have. Those left without tokens are too long, or have too many.
void PieceEncoder::resolve(Batch& batch, std::span<const std::uint16_t> misses, std::string_view text,
                           std::size_t begin, std::span<const std::uint32_t> ends) {
    for (const std::uint16_t i : misses) {
        if (table_.may_be_piece(batch.hashes[i])) table_.prefetch_piece(batch.hashes[i]);
    }
    for (const std::uint16_t i : misses) {
        batch.tokens[i] = {};
        const PieceKey& key = batch.keys[i];
        const std::uint64_t hash = batch.hashes[i];
        if (key.high == long_piece) continue;
        // It may have come twice in this batch.
        if (memory_.pieces.find(key, hash, batch.tokens[i])) continue;
        batch.tokens[i] = {};
        const std::uint32_t value = table_.may_be_piece(hash) ? table_.find_piece(key, hash) : TokenTable::no_piece;
        if (value != TokenTable::no_piece) {
            const Symbol token = value & ~TokenTable::only_whole;
            batch.tokens[i] = packed(std::span(&token, 1));
        } else {
            const std::size_t from = i == 0 ? begin : ends[i - 1];
            const std::string_view piece = text.substr(from, ends[i] - from);
            const std::span<const Symbol> symbols =
                has_wide_character(piece) ? long_.merge(piece) : merger_.merge_short(piece);
            if (symbols.size() > PackedTokens::count_max) continue;
            batch.tokens[i] = packed(symbols);
        }
        memory_.pieces.add(key, hash, batch.tokens[i]);
    }
}

// Without the cache, whose entries are tokens.
template <class Sink>
void PieceEncoder::encode_one(Sink& sink, std::string_view piece) {
    if (piece.empty()) return;
    if (piece.size() <= PieceKey::bytes_max) {
        const PieceKey key = piece_key(piece);
        if (const std::uint32_t value = table_.find_piece(key, hash_of(key)); value != TokenTable::no_piece) {
            return sink.put(static_cast<TokenId>(value & ~TokenTable::only_whole));
        }
    }
    encode_long(sink, piece);
}

template <class Sink>
void PieceEncoder::encode_long(Sink& sink, std::string_view piece) {
    if (piece.empty()) return;
    const bool cacheable = piece.size() > PieceKey::bytes_max && piece.size() <= LongPieceCache::bytes_max;
    if (cacheable) {
        const std::span<const Symbol> known = memory_.long_pieces.find(piece);
        for (const Symbol symbol : known) put(sink, symbol);
        if (!known.empty()) return;
    }
    if (const std::uint32_t value = find_whole(piece); value != TokenTable::no_piece) {
        const Symbol token = value & ~TokenTable::only_whole;
        if (cacheable) memory_.long_pieces.add(piece, std::span(&token, 1));
        return sink.put(static_cast<TokenId>(token));
    }
    const std::span<const Symbol> symbols = long_.merge(piece);
    if (cacheable) memory_.long_pieces.add(piece, symbols);
    for (const Symbol symbol : symbols) put(sink, symbol);
}

// The token of a piece too long for a key, or no_piece.
std::uint32_t PieceEncoder::find_whole(std::string_view piece) const {
    const bool may_be = table_.is_byte_level() || piece[0] == '\n';
    return may_be && piece.size() > PieceKey::bytes_max ? table_.find_long_piece(piece) : TokenTable::no_piece;
}

}  // namespace forebay::tokenizer
