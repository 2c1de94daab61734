// Errors as HTTP answers of the OpenAI dialect: the one place where net/ and openai/ meet for it, used by the
// worker here and by the planes above.
#pragma once
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace forebay::runtime {

// Status, error object and retry headers of `error`.
net::Response error_response(const Error& error);
// For what the HTTP server itself refuses before a call exists (400, 413, 431, 500).
net::Response refusal_response(unsigned status, std::string_view message);

}  // namespace forebay::runtime
