// GPT-2's spelling of bytes as printable characters, in which byte-level vocabularies are written down: "Ġthe" for
// " the". Bytes that are printable in Latin-1 stand for themselves, the others for U+0100 and on.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace forebay::tokenizer {

// Whether a byte stands for itself.
constexpr bool is_printable_byte(unsigned char byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

std::string printable_spelling(std::string_view bytes);
// The bytes that `text` spells; none if one of its characters spells no byte.
std::optional<std::string> bytes_spelled(std::string_view text);

// The byte that a token of a vocabulary over characters stands for: that of "<0x0A>"; none if it is spelled otherwise.
std::optional<char> byte_spelled(std::string_view text);

}  // namespace forebay::tokenizer
