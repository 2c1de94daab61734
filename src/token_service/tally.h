// What a prompt's parts add up to in a tokenizer's tokens, before any model's framing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "openai/prompt_parts.h"
#include "tokenizer/tokenizer.h"

namespace forebay::token_service {

struct Tally {
    std::size_t messages = 0;
    std::size_t role_tokens = 0;
    std::size_t text_tokens = 0;  // of contents and names
    std::size_t names = 0;
    std::size_t parted_messages = 0;  // whose content is several texts
    std::size_t calls = 0;
    std::size_t call_tokens = 0;  // of their names and arguments
    std::size_t images = 0;
    std::size_t small_images = 0;  // of those, asked for in low detail
    std::size_t audio_bytes = 0;
    std::size_t file_bytes = 0;
    std::size_t other_tokens = 0;                        // of parts of unknown kinds, as JSON
    std::string_view tools, functions, response_schema;  // JSON; empty where there are none

    std::size_t prompts = 0;  // of /v1/completions
    std::size_t prompt_tokens = 0;
    std::size_t longest_prompt = 0;
};

Tally tally(const tokenizer::Tokenizer& tokenizer, const openai::PromptParts& parts);

// Speech of 16 bits and 24,000 samples a second costs about ten tokens a second, a page of a file of 50 kB about 2,000.
inline std::size_t media_tokens(const Tally& tally) { return tally.audio_bytes / 4800 + tally.file_bytes / 25; }

}  // namespace forebay::token_service
