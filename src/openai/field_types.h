// The types of the request fields that this dialect knows. Used by request.cpp only.
#pragma once
#include <simdjson.h>

#include <string_view>

#include "base/error.h"

namespace forebay::openai {

// Whether `value` has the type that `field` has; unknown fields have any. `value` is not null.
Result<void> check_type(std::string_view field, simdjson::dom::element value);

}  // namespace forebay::openai
