// Tools as gpt-oss is shown them: a TypeScript namespace.
#pragma once
#include <string>
#include <string_view>

namespace forebay::token_service {

// "## functions\n\nnamespace functions {…} // namespace functions" of a JSON array of tools, or of bare functions.
// Source: OpenAI's article on the harmony response format. What it has no example of (nested unions) is written as the
// nearest that it has.
std::string harmony_tools(std::string_view tools);

}  // namespace forebay::token_service
