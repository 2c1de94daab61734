#include "keys/key_text.h"

#include <algorithm>

namespace forebay::keys {
namespace {

bool is_base62(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

}  // namespace

std::optional<KeyParts> parse_key(std::string_view text) {
    if (!text.starts_with(key_prefix)) return std::nullopt;
    text.remove_prefix(key_prefix.size());
    if (text.size() != id_length + 1 + secret_length || text[id_length] != '-') return std::nullopt;
    const KeyParts parts{text.substr(0, id_length), text.substr(id_length + 1)};
    if (!is_base62(parts.id) || !is_base62(parts.secret)) return std::nullopt;
    return parts;
}

std::string make_key(std::string_view id, std::string_view secret) {
    return std::string(key_prefix).append(id).append("-").append(secret);
}

}  // namespace forebay::keys
