// The error table of the OpenAI dialect: our codes as statuses, types and codes, in one place.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::openai {

struct ErrorShape {
    unsigned status;
    std::string_view type;  // error.type
    std::string_view code;  // error.code; empty: null
    bool retry;             // whether a client may try the same again (x-should-retry)
};
ErrorShape shape_of(const Error& error);
// For what the server itself refuses before a call exists (400, 408, 413, 431, 500, 503).
ErrorShape shape_of_status(unsigned status);

// {"error":{"message":…,"type":…,"param":…,"code":…}}: all four keys, code a string or null.
std::string error_body(std::string_view message, std::string_view type, std::string_view param, std::string_view code);
std::string error_body(const Error& error);

// An upstream's error body, when it has the shape above; its message, type and code.
struct UpstreamError {
    std::string message, type, code;
    bool is_object = false;  // false: "error" is a bare string
};
std::optional<UpstreamError> read_error(std::string_view body);

}  // namespace forebay::openai
