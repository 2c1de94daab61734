// The parts of a request's prompt as a tokenizer needs them: texts without JSON's escapes, in the request's order, in
// one buffer. Noted while the body is parsed, so that counting needs no second parse.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::openai {

enum class PartKind : std::uint8_t {
    role,             // begins a message; the parts up to the next role belong to it
    name,             // of the message
    content,          // a text of the message; each text part is one
    tool_name,        // begins a tool call of the message
    tool_arguments,   // of that call
    tool_call_id,     // of a tool's answer
    image,            // the text is the detail that was asked for; empty: none
    audio,            // the text is the format
    file,             // the text is empty
    other,            // a content part of a kind that is not known; the text is its JSON
    prompt,           // one text of /v1/completions
    tools,            // JSON: an array of tools
    functions,        // JSON: an array of functions, as before there were tools
    response_schema,  // JSON: response_format.json_schema
};

struct PromptPart {
    PartKind kind = PartKind::content;
    std::uint32_t begin = 0, size = 0;  // in PromptParts::text
    std::uint32_t media_bytes = 0;      // of data inside the body; 0: it is elsewhere
};

struct PromptParts {
    std::string text;
    std::vector<PromptPart> parts;
    std::uint64_t token_ids = 0;          // of a prompt that was given as ids, all arrays together
    std::uint64_t token_ids_longest = 0;  // of its longest array

    std::string_view text_of(const PromptPart& part) const {
        return std::string_view(text).substr(part.begin, part.size);
    }
    void add(PartKind kind, std::string_view part_text, std::size_t media_bytes = 0) {
        parts.push_back({kind, static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(part_text.size()),
                         static_cast<std::uint32_t>(media_bytes)});
        text += part_text;
    }
};

}  // namespace forebay::openai
