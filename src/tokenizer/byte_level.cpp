#include "tokenizer/byte_level.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace forebay::tokenizer {
namespace {

constexpr std::size_t characters = 0x100 + 68;  // 68 bytes are not printable

// The byte of each character, or -1.
constexpr std::array<std::int16_t, characters> byte_of = [] {
    std::array<std::int16_t, characters> bytes{};
    bytes.fill(-1);
    std::size_t substitute = 0x100;
    for (std::size_t byte = 0; byte < 256; ++byte) {
        bytes[is_printable_byte(static_cast<unsigned char>(byte)) ? byte : substitute++] =
            static_cast<std::int16_t>(byte);
    }
    return bytes;
}();
static_assert(byte_of[0x120] == ' ' && byte_of[characters - 1] == 0xAD);

}  // namespace

std::string printable_spelling(std::string_view bytes) {
    static const std::array<std::string, 256> spellings = [] {
        std::array<std::string, 256> out;
        for (std::size_t character = 0; character < characters; ++character) {
            if (byte_of[character] < 0) continue;
            utf8::append(out[static_cast<std::size_t>(byte_of[character])], static_cast<char32_t>(character));
        }
        return out;
    }();
    std::string out;
    for (const char byte : bytes) out += spellings[static_cast<unsigned char>(byte)];
    return out;
}

std::optional<std::string> bytes_spelled(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t character = static_cast<unsigned char>(text[i]);
        if (character >= 0x80) {
            // All of them are below U+0800: two bytes.
            const bool two = (character & 0xE0) == 0xC0 && i + 1 < text.size() && (text[i + 1] & 0xC0) == 0x80;
            if (!two) return std::nullopt;
            character = (character & 0x1F) << 6 | (static_cast<std::size_t>(text[++i]) & 0x3F);
            if (character < 0x80) return std::nullopt;
        }
        if (character >= characters || byte_of[character] < 0) return std::nullopt;
        bytes += static_cast<char>(byte_of[character]);
    }
    return bytes;
}

std::optional<char> byte_spelled(std::string_view text) {
    if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
    int byte = 0;
    for (const char c : text.substr(3, 2)) {
        const bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'A' || c > 'F')) return std::nullopt;
        byte = byte * 16 + (digit ? c - '0' : c - 'A' + 10);
    }
    return static_cast<char>(byte);
}

}  // namespace forebay::tokenizer
