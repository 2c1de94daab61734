// Tokens of tools in OpenAI's chats.
#pragma once
#include <cstddef>
#include <string_view>

#include "tokenizer/tokenizer.h"

namespace forebay::token_service {

// Of a JSON array of tools, or of functions as before there were tools. By the rule that OpenAI's cookbook publishes
// ("How to count tokens with tiktoken", section 7), carried on into nested objects, of which it says nothing.
// `per_function`: 7 for the models of o200k_base, 10 for older ones.
std::size_t count_tools(const tokenizer::Tokenizer& tokenizer, std::string_view tools, std::size_t per_function);

}  // namespace forebay::token_service
