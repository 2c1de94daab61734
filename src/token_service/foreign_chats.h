// Other dialects' requests as bodies of /v1/chat/completions, for counting: Anthropic's messages and OpenAI's
// responses.
//
// Pure: text in, text out. invalid_argument with the field's path in `param`: not that shape, or something that only
// the vendor's own servers have (a stored response). Source  Anthropic's "Count tokens in a Message" and OpenAI's "Get
// input token counts" references (2026).
#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::token_service {

// POST /v1/messages/count_tokens: {"model","system"?,"messages","tools"?}. Thinking of earlier turns is left out, as
// Anthropic leaves it out of the prompt.
Result<std::string> chat_of_anthropic(std::string_view body);

// POST /v1/responses/input_tokens: {"model","input","instructions"?,"tools"?,"text"?}.
Result<std::string> chat_of_responses(std::string_view body);

}  // namespace forebay::token_service
