#include "tokenizer/pre_tokenizer.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"
#include "tokenizer/unicode_classes.h"

namespace forebay::tokenizer {
namespace {

using enum CharacterClass;

constexpr std::array<CharacterClass, 128> make_ascii_classes() {
    std::array<CharacterClass, 128> classes{};
    for (std::size_t i = 'a'; i <= 'z'; ++i) classes[i] = classes[i - 'a' + 'A'] = letter;
    for (std::size_t i = '0'; i <= '9'; ++i) classes[i] = number;
    for (const char c : {' ', '\t', '\v', '\f'}) classes[static_cast<std::size_t>(c)] = whitespace;
    classes['\r'] = classes['\n'] = newline;
    return classes;
}

constexpr std::array<CharacterClass, 128> ascii_classes = make_ascii_classes();

struct Character {
    CharacterClass kind = other;
    std::uint8_t size = 0;  // bytes; 0 at the end of the text
};

char32_t decoded(std::string_view sequence) {
    const auto at = [&](std::size_t i) { return char32_t{static_cast<unsigned char>(sequence[i])}; };
    char32_t value = at(0) & (0x7FU >> sequence.size());
    for (std::size_t i = 1; i < sequence.size(); ++i) value = value << 6 | (at(i) & 0x3F);
    return value;
}

// Kept apart from the ASCII case, so that that one stays small enough to be inlined.
[[gnu::noinline]] Character wide_character(std::string_view rest) {
    const std::size_t size = utf8::sequence_size(rest);
    if (size == 0) return {other, 1};
    return {UnicodeClasses::get().of(decoded(rest.substr(0, size))), static_cast<std::uint8_t>(size)};
}

Character character_at(std::string_view text, std::size_t at) {
    if (at >= text.size()) return {};
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) return {ascii_classes[byte], 1};
    return wide_character(text.substr(at));
}

// The first position from `at` on where no character of `kind` starts.
std::size_t end_of_run(std::string_view text, std::size_t at, CharacterClass kind) {
    for (;;) {
        const Character next = character_at(text, at);
        if (next.kind != kind || next.size == 0) return at;
        at += next.size;
    }
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d), or 0. `text` starts with an apostrophe.
std::size_t contraction_size(std::string_view text) {
    const auto lower_at = [&](std::size_t i) { return i < text.size() ? static_cast<char>(text[i] | 0x20) : '\0'; };
    const char first = lower_at(1);
    const char second = lower_at(2);
    switch (first) {
        case 's':
        case 't':
        case 'm':
        case 'd': return 2;
        case 'r':
        case 'v': return second == 'e' ? 3 : 0;
        case 'l': return second == 'l' ? 3 : 0;
        default: return 0;
    }
}

// \s*[\r\n]+|\s+(?!\S)|\s+, where `text` starts with white space.
std::size_t space_size(std::string_view text) {
    std::size_t at = 0;
    std::size_t last_start = 0;    // of the run's last character
    std::size_t newlines_end = 0;  // behind its last newline
    for (;;) {
        const Character next = character_at(text, at);
        if (next.size == 0 || (next.kind != whitespace && next.kind != newline)) break;
        last_start = at;
        at += next.size;
        if (next.kind == newline) newlines_end = at;
    }
    if (newlines_end > 0) return newlines_end;
    // What follows takes the last space with it.
    return at < text.size() && last_start > 0 ? last_start : at;
}

}  // namespace

std::size_t next_piece_qwen2(std::string_view text) {
    const Character first = character_at(text, 0);
    if (first.kind == letter) return end_of_run(text, first.size, letter);
    if (first.kind == number) return first.size;
    if (text[0] == '\'') {
        if (const std::size_t size = contraction_size(text); size > 0) return size;
    }
    const Character second = character_at(text, first.size);
    if (first.kind != newline && second.kind == letter) return end_of_run(text, first.size + second.size, letter);
    const bool space_and_other = text[0] == ' ' && second.size > 0 && second.kind == other;
    if (first.kind == other || space_and_other) {
        return end_of_run(text, end_of_run(text, first.size, other), newline);
    }
    return space_size(text);
}

}  // namespace forebay::tokenizer
