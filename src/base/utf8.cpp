#include "base/utf8.h"

#include <algorithm>

namespace forebay::utf8 {
namespace {

bool continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// What the first byte promises; 0 for a byte that cannot start a character.
std::size_t promised_size(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return 2;
    if (first >= 0xE0 && first <= 0xEF) return 3;
    if (first >= 0xF0 && first <= 0xF4) return 4;
    return 0;
}

// Whether `second` may follow `first`: rules out overlong forms, surrogates and values above U+10FFFF.
bool second_allowed(unsigned char first, unsigned char second) {
    switch (first) {
        case 0xE0: return second >= 0xA0 && second <= 0xBF;
        case 0xED: return second >= 0x80 && second <= 0x9F;
        case 0xF0: return second >= 0x90 && second <= 0xBF;
        case 0xF4: return second >= 0x80 && second <= 0x8F;
        default: return continuation(second);
    }
}

}  // namespace

std::size_t sequence_size(std::string_view text) {
    if (text.empty()) return 0;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t size = promised_size(at(0));
    if (size <= 1) return size;
    if (text.size() < size || !second_allowed(at(0), at(1))) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if (!continuation(at(i))) return 0;
    }
    return size;
}

std::size_t whole_prefix_size(std::string_view text) {
    const std::size_t look = std::min<std::size_t>(3, text.size());
    for (std::size_t back = 1; back <= look; ++back) {
        const std::size_t start = text.size() - back;
        const auto byte = static_cast<unsigned char>(text[start]);
        if (continuation(byte)) continue;
        const std::size_t size = promised_size(byte);
        const bool cut = size > back && (back < 2 || second_allowed(byte, static_cast<unsigned char>(text[start + 1])));
        return cut ? start : text.size();
    }
    return text.size();
}

bool is_valid(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = sequence_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::string sanitized(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t size = sequence_size(text);
        if (size == 0) {
            out += "\xEF\xBF\xBD";
            text.remove_prefix(1);
        } else {
            out.append(text.substr(0, size));
            text.remove_prefix(size);
        }
    }
    return out;
}

void append(std::string& out, char32_t character) {
    const auto byte = [&](char32_t value) { out += static_cast<char>(value); };
    const auto tail = [&](int shift) { byte(0x80 | (character >> shift & 0x3F)); };
    if (character < 0x80) {
        byte(character);
    } else if (character < 0x800) {
        byte(0xC0 | character >> 6);
        tail(0);
    } else if (character < 0x10000) {
        byte(0xE0 | character >> 12);
        tail(6);
        tail(0);
    } else {
        byte(0xF0 | character >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

}  // namespace forebay::utf8
