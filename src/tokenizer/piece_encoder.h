// From the text between special tokens to tokens. For bpe_tokenizer.cpp.
//
// Threads  one object per call, on one thread.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/long_piece.h"
#include "tokenizer/piece_cache.h"
#include "tokenizer/splitter.h"
#include "tokenizer/token_table.h"

namespace forebay::tokenizer {

class PieceEncoder {
public:
    // `splitter` is null where the whole text is one piece.
    PieceEncoder(const TokenTable& table, const Splitter* splitter, ThreadMemory& memory)
        : table_(table), splitter_(splitter), memory_(memory), merger_(table, memory), long_(table, memory, merger_) {}

    // `text`, below 4 GiB, is as the vocabulary wants it: marks for spaces are there already.
    void append_tokens(std::vector<TokenId>& out, std::string_view text);
    std::size_t count(std::string_view text);

private:
    static constexpr std::size_t batch_pieces = 256;
    struct Batch {
        std::array<PieceKey, batch_pieces> keys;
        std::array<std::uint64_t, batch_pieces> hashes;
        std::array<PackedTokens, batch_pieces> tokens;
    };

    void make_keys(Batch& batch, std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends) const;
    void resolve(Batch& batch, std::span<const std::uint16_t> misses, std::string_view text, std::size_t begin,
                 std::span<const std::uint32_t> ends);
    template <class Sink>
    void encode(Sink& sink, std::string_view text);
    template <class Sink>
    void encode_batch(Sink& sink, std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends);
    template <class Sink>
    void encode_one(Sink& sink, std::string_view piece);
    template <class Sink>
    void encode_long(Sink& sink, std::string_view piece);
    template <class Sink>
    void put(Sink& sink, Symbol symbol);

    std::uint32_t find_whole(std::string_view piece) const;

    const TokenTable& table_;
    const Splitter* splitter_;
    ThreadMemory& memory_;
    PieceMerger merger_;
    LongPiece long_;
};

}  // namespace forebay::tokenizer
