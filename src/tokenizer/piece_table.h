// From the bytes of a piece to its token: an open-addressing table over strings that lie elsewhere.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "tokenizer/bpe_trainer.h"

namespace forebay::tokenizer {

class PieceTable {
public:
    // `tokens` holds the bytes of each id and outlives the table, which has room for all of them.
    explicit PieceTable(const std::vector<std::string>& tokens)
        : tokens_(tokens), slots_(std::bit_ceil(tokens.size() * 2 + 1)) {}

    // Of different bytes than all that were added before.
    void add(TokenId token) {
        const std::string& bytes = bytes_of(token);
        const std::uint64_t hash = checksum(bytes);
        std::size_t at = hash & (slots_.size() - 1);
        while (slots_[at].token >= 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = {static_cast<std::uint32_t>(hash >> 32), token};
        size_max_ = std::max(size_max_, bytes.size());
    }

    // -1: no token is spelled so.
    TokenId find(std::string_view bytes) const {
        if (bytes.size() > size_max_) return -1;
        const std::uint64_t hash = checksum(bytes);
        for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
            const Slot& slot = slots_[at];
            if (slot.token < 0) return -1;
            if (slot.hash_high == static_cast<std::uint32_t>(hash >> 32) && bytes_of(slot.token) == bytes)
                return slot.token;
        }
    }

private:
    struct Slot {
        std::uint32_t hash_high = 0;
        TokenId token = -1;
    };

    const std::string& bytes_of(TokenId token) const { return tokens_[static_cast<std::size_t>(token)]; }

    const std::vector<std::string>& tokens_;
    std::vector<Slot> slots_;
    std::size_t size_max_ = 0;
};

}  // namespace forebay::tokenizer
