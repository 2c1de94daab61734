// From a pair of tokens to a number: an open-addressing table without removal.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tokenizer/bpe_trainer.h"

namespace forebay::tokenizer {

class PairMap {
public:
    static constexpr std::uint32_t absent = UINT32_MAX;  // not a value

    explicit PairMap(std::size_t count_expected = 0) { resize(count_expected); }

    std::size_t count() const { return count_; }

    std::uint32_t find(TokenId left, TokenId right) const {
        const std::uint64_t key = key_of(left, right);
        for (std::size_t at = place_of(key);; at = (at + 1) & mask_) {
            const Slot& slot = slots_[at];
            if (slot.value == absent || slot.key == key) return slot.value;
        }
    }

    // The value that the pair has, or `value` from now on.
    std::uint32_t find_or_add(TokenId left, TokenId right, std::uint32_t value) {
        if ((count_ + 1) * 2 > slots_.size()) resize(count_ * 2);
        Slot& slot = slot_for(key_of(left, right));
        if (slot.value == absent) {
            slot = {key_of(left, right), value};
            ++count_;
        }
        return slot.value;
    }

private:
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t value = absent;
    };

    static std::uint64_t key_of(TokenId left, TokenId right) {
        return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
    }

    // Fibonacci hashing: the product's high bits depend on all bits of the key.
    std::size_t place_of(std::uint64_t key) const { return (key ^ key >> 32) * 0x9E3779B97F4A7C15ULL >> shift_; }

    Slot& slot_for(std::uint64_t key) {
        std::size_t at = place_of(key);
        while (slots_[at].value != absent && slots_[at].key != key) at = (at + 1) & mask_;
        return slots_[at];
    }

    void resize(std::size_t count_expected) {
        std::vector<Slot> old = std::move(slots_);
        const std::size_t size = std::bit_ceil(std::max<std::size_t>(64, count_expected * 2));
        slots_.assign(size, {});
        mask_ = size - 1;
        shift_ = 64 - std::countr_zero(size);
        for (const Slot& slot : old) {
            if (slot.value != absent) slot_for(slot.key) = slot;
        }
    }

    std::vector<Slot> slots_;
    std::size_t mask_ = 0;
    int shift_ = 0;
    std::size_t count_ = 0;
};

}  // namespace forebay::tokenizer
