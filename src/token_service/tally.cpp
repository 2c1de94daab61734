#include "token_service/tally.h"

#include <algorithm>

namespace forebay::token_service {

using openai::PartKind;
using tokenizer::Specials;

Tally tally(const tokenizer::Tokenizer& tokenizer, const openai::PromptParts& parts) {
    Tally out;
    std::size_t texts = 0;  // of the current message
    out.prompt_tokens = parts.token_ids;
    out.longest_prompt = parts.token_ids_longest;
    for (const openai::PromptPart& part : parts.parts) {
        const std::string_view text = parts.text_of(part);
        switch (part.kind) {
            case PartKind::role:
                ++out.messages;
                out.role_tokens += tokenizer.count(text);
                texts = 0;
                break;
            case PartKind::name:
                ++out.names;
                out.text_tokens += tokenizer.count(text);
                break;
            case PartKind::content:
                out.text_tokens += tokenizer.count(text);
                if (++texts == 2) ++out.parted_messages;
                break;
            case PartKind::tool_name:
                ++out.calls;
                out.call_tokens += tokenizer.count(text);
                break;
            case PartKind::tool_arguments: out.call_tokens += tokenizer.count(text); break;
            case PartKind::tool_call_id: break;  // names a call to the API; no model is shown it
            case PartKind::image:
                ++out.images;
                if (text == "low") ++out.small_images;
                break;
            case PartKind::audio: out.audio_bytes += part.media_bytes; break;
            case PartKind::file: out.file_bytes += part.media_bytes; break;
            case PartKind::other: out.other_tokens += tokenizer.count(text); break;
            case PartKind::prompt: {
                // Who writes a whole prompt writes its control tokens too.
                const std::size_t tokens = tokenizer.count(text, {.specials = Specials::as_tokens});
                ++out.prompts;
                out.prompt_tokens += tokens;
                out.longest_prompt = std::max(out.longest_prompt, tokens);
                break;
            }
            case PartKind::tools: out.tools = text; break;
            case PartKind::functions: out.functions = text; break;
            case PartKind::response_schema: out.response_schema = text; break;
        }
    }
    return out;
}

}  // namespace forebay::token_service
