// The text of a key: "fb-" ID "-" SECRET.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace forebay::keys {

inline constexpr std::string_view key_prefix = "fb-";
inline constexpr std::size_t id_length = 12;
inline constexpr std::size_t secret_length = 43;

struct KeyParts {
    std::string_view id;
    std::string_view secret;
};

// Views into `text`; none when it does not have the form of a key.
std::optional<KeyParts> parse_key(std::string_view text);
std::string make_key(std::string_view id, std::string_view secret);

}  // namespace forebay::keys
