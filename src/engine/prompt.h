// A request's prompt as tokens. Thread-safe.
#pragma once
#include "engine/chat_template.h"
#include "engine/engine.h"
#include "engine/vocabulary.h"

namespace forebay::engine {

// Tokens of `request`'s chat or text, at least one. In a chat, control tokens come from the template alone;
// in a plain prompt their spellings count, because such a caller writes the template himself.
// invalid_argument: see ChatTemplate::render.
Result<Tokens> make_prompt(const GenerateRequest& request, const ChatTemplate& chat_template,
                           const Vocabulary& vocabulary);

// What check_prompt_fits says, in OpenAI's words with both numbers. `what`: "messages" or "prompt".
Error prompt_too_long(std::string_view what, std::size_t prompt_tokens, std::size_t context_tokens);

// invalid_argument: prompt_too_long, unless `prompt_tokens` and one more fit.
Result<void> check_prompt_fits(const GenerateRequest& request, std::size_t prompt_tokens, std::size_t context_tokens);

}  // namespace forebay::engine
