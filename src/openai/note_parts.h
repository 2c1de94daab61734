// Filling PromptParts from a parsed body.
#pragma once
#include <simdjson.h>

#include <string_view>

#include "openai/prompt_parts.h"

namespace forebay::openai {

// Notes the top-level field `name`, when it is part of the prompt. The value has the type that check_type asks for;
// what is malformed inside is left out here and is the target's to refuse.
void note_field(std::string_view name, simdjson::dom::element value, PromptParts& parts);

}  // namespace forebay::openai
