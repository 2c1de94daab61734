// Edits at the top level of a JSON object's text: every byte that is not edited stays as it was, number
// formats, key order and escapes included.
//
// The text must be valid JSON (parse_request has checked it); on anything else the result is unspecified
// but safe.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::openai {

struct Edit {
    std::string_view key;
    std::optional<std::string> value;  // JSON text to set; nothing: remove the field
};

// `body` with each edit made: a field that is there is replaced in place (or removed), one that is not is
// added at the end.
std::string edit_object(std::string_view body, const std::vector<Edit>& edits);

// The text of a top-level field's value, without blanks around it.
std::optional<std::string_view> field_text(std::string_view body, std::string_view key);

}  // namespace forebay::openai
