// References as people write them: NAME, NAME:3, NAME@LABEL, sha256:HEX.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::registry {

inline constexpr std::string_view latest = "latest";

// One of: a beginning of a digest; a name with a number, with a label, or with neither, which means its latest.
struct Reference {
    std::string digest;  // lower case, 8 to 64 digits
    std::string name;
    std::int64_t number = 0;
    std::string label;
};

// invalid_argument: none of these forms.
Result<Reference> parse_reference(std::string_view text);
// invalid_argument: not ^[a-z][a-z0-9._-]{0,63}$.
Result<void> check_label(std::string_view label);
// 64 hexadecimal digits in lower case.
bool is_digest(std::string_view text);

}  // namespace forebay::registry
