#pragma once
#include <cstdint>

namespace forebay::tokenizer {

using TokenId = std::int32_t;

}  // namespace forebay::tokenizer
