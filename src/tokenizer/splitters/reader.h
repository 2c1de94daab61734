// Reader: the characters of a text as a rule of splitting sees them.
//
// Threads  any.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/unicode_classes.h"

namespace forebay::tokenizer {

// What a character is to a rule: a set of bits. Each rule says for itself which characters have which.
using Kind = std::uint8_t;

namespace kind {
// Words. Where a rule tells capitals, a word is `head`* `tail`+ or `head`+, and characters without case are both.
inline constexpr Kind head = 1;
inline constexpr Kind tail = 2;
inline constexpr Kind letter = head | tail;
inline constexpr Kind number = 4;
inline constexpr Kind blank = 8;     // white space but for newlines
inline constexpr Kind newline = 16;  // "\r" and "\n"
inline constexpr Kind space = blank | newline;
inline constexpr Kind other = 32;  // [^\s\p{L}\p{N}], in most rules
// These two mean something else in each rule.
inline constexpr Kind extra = 64;
inline constexpr Kind extra_2 = 128;
}  // namespace kind

// A kind for each character. A byte that is not part of one is of U+FFFD's.
class KindTable {
public:
    using KindOf = Kind (*)(char32_t character, CharacterBits bits);

    KindTable(KindOf kind_of, UnicodeVersion version);

    Kind at(char32_t character) const { return table_.at(character); }
    // Of a byte that is a character, or is part of none.
    Kind single(unsigned char byte) const { return single_[byte]; }

private:
    CharacterTable table_;
    std::array<Kind, 256> single_{};
};

struct CodePoints {
    char32_t first, last;
};

template <std::size_t Size>
constexpr bool is_in(const CodePoints (&ranges)[Size], char32_t character) {
    for (const CodePoints& range : ranges) {
        if (character >= range.first && character <= range.last) return true;
    }
    return false;
}

// Two words, so that functions return them in two registers: packed into one, the size would wait for the kind, and the
// next character with it.
struct Character {
    Kind kind = 0;
    std::size_t size = 0;  // bytes; 0 at the end of the text

    bool is(Kind kinds) const { return (kind & kinds) != 0; }
};

class Reader {
public:
    Reader(std::string_view text, const KindTable& kinds)
        : bytes_(reinterpret_cast<const unsigned char*>(text.data())), size_(text.size()), kinds_(&kinds) {}

    std::size_t size() const { return size_; }
    const unsigned char* bytes() const { return bytes_; }
    // The byte at `at`, or 0 behind the text.
    unsigned char byte(std::size_t at) const { return at < size_ ? bytes_[at] : 0; }

    Character at(std::size_t at) const {
        if (at >= size_) return {};
        const unsigned char first = bytes_[at];
        return first < 0x80 ? Character{kinds_->single(first), 1} : wide(at);
    }

    // The same for loops, wholly inlined.
    [[gnu::always_inline]] Character at_in_loop(std::size_t at) const {
        if (at >= size_) return {};
        if (size_ - at < 4) return this->at(at);
        const std::uint32_t bytes = four_bytes(bytes_ + at);
        // One question for all that is not ASCII and valid: random bytes, most of which are no characters, would make
        // a processor guess wrong over and over. Table 3-7 of Unicode 15 says which sequences are valid.
        const bool two = ((bytes & 0xC0E0) == 0x80C0) & ((bytes & 0x1E) != 0);
        const bool three = (bytes & 0xC0C0F0) == 0x8080E0;
        const bool four = (bytes & 0xC0C0C0F8) == 0x808080F0;
        if (two | three | four) {
            const auto low = [&](int shift) { return bytes >> shift & 0x3F; };
            if (two) return {kinds_->at((bytes & 0x1F) << 6 | low(8)), 2};
            if (three) {
                const std::uint32_t value = (bytes & 0xF) << 12 | low(8) << 6 | low(16);
                if (value >= 0x800 && value >> 11 != 0x1B) return {kinds_->at(value), 3};
            } else {
                const std::uint32_t value = (bytes & 7) << 18 | low(8) << 12 | low(16) << 6 | low(24);
                if (value >= 0x10000 && value < 0x110000) return {kinds_->at(value), 4};
            }
        }
        return {kinds_->single(static_cast<unsigned char>(bytes)), 1};
    }

    // The first place from `at` on where no character of `kinds` starts.
    [[gnu::noinline]] std::size_t run_end(std::size_t at, Kind kinds) const {
        for (Character next = at_in_loop(at); next.is(kinds); next = at_in_loop(at)) at += next.size;
        return at;
    }

    // The character that ends at `end`; size 0 where end is 0.
    Character before(std::size_t end) const {
        for (std::size_t size = 2; size <= 4 && size <= end; ++size) {
            if (const Character one = at(end - size); one.size == size) return one;
        }
        return end > 0 ? at(end - 1) : Character{};
    }

    // How many characters the number has from `at` on, where `at` is in one. Asked from left to right, a number is
    // counted once.
    std::size_t numbers_from(std::size_t at) const {
        if (at < number_at_ || at >= number_end_) {
            number_at_ = at;
            number_count_ = 0;
            number_end_ = counted_end(at, number_count_);
        }
        for (; number_at_ < at; --number_count_) number_at_ += this->at(number_at_).size;
        return number_count_;
    }

private:
    // Of the four bytes from `bytes` on.
    Reader(const unsigned char (&bytes)[4], const KindTable& kinds) : bytes_(bytes), size_(4), kinds_(&kinds) {}

    std::size_t counted_end(std::size_t at, std::size_t& count) const {
        for (Character next = at_in_loop(at); next.is(kind::number); next = at_in_loop(at)) {
            at += next.size;
            ++count;
        }
        return at;
    }

    static std::uint32_t four_bytes(const unsigned char* bytes) {
        return bytes[0] | std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
    }

    // Of a character that is not ASCII.
    [[gnu::noinline]] Character wide(std::size_t at) const {
        if (size_ - at >= 4) return at_in_loop(at);
        // The text's last three bytes: no character goes on into the zeros behind them.
        unsigned char last[4] = {};
        std::copy(bytes_ + at, bytes_ + size_, last);
        return Reader(last, *kinds_).at_in_loop(0);
    }

    const unsigned char* bytes_;
    std::size_t size_;
    const KindTable* kinds_;
    // The number that was counted last, from number_at_ on.
    mutable std::size_t number_at_ = 0, number_end_ = 0, number_count_ = 0;
};

}  // namespace forebay::tokenizer
