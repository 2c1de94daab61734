#include "openai/note_parts.h"

#include <algorithm>

namespace forebay::openai {
namespace {

namespace dom = simdjson::dom;

// A string field's value, or nothing.
std::string_view text_at(dom::element object, std::string_view key) {
    std::string_view text;
    return object[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

// How much of "data:image/png;base64,…" is data; an image elsewhere has none here.
std::size_t data_bytes(std::string_view url) {
    if (!url.starts_with("data:")) return 0;
    const std::size_t comma = url.find(',');
    return comma == url.npos ? 0 : (url.size() - comma - 1) / 4 * 3;
}

void note_content_part(dom::element part, PromptParts& parts) {
    const std::string_view type = text_at(part, "type");
    if (type == "text" || type == "input_text" || type == "output_text") {
        parts.add(PartKind::content, text_at(part, "text"));
    } else if (type == "refusal") {
        parts.add(PartKind::content, text_at(part, "refusal"));
    } else if (dom::element inner; type == "image_url" && part["image_url"].get(inner) == simdjson::SUCCESS) {
        const std::string_view url = inner.is_string() ? inner.get_string().value_unsafe() : text_at(inner, "url");
        parts.add(PartKind::image, text_at(inner, "detail"), data_bytes(url));
    } else if (type == "input_audio" && part["input_audio"].get(inner) == simdjson::SUCCESS) {
        parts.add(PartKind::audio, text_at(inner, "format"), text_at(inner, "data").size() / 4 * 3);
    } else if (type == "file" && part["file"].get(inner) == simdjson::SUCCESS) {
        parts.add(PartKind::file, "", text_at(inner, "file_data").size() / 4 * 3);
    } else {
        parts.add(PartKind::other, simdjson::minify(part));
    }
}

void note_content(dom::element content, PromptParts& parts) {
    if (content.is_string()) return parts.add(PartKind::content, content.get_string().value_unsafe());
    dom::array list;
    if (content.get_array().get(list) != simdjson::SUCCESS) return;
    for (const dom::element part : list) {
        if (part.is_object()) note_content_part(part, parts);
    }
}

void note_call(dom::element call, std::string_view arguments_key, PromptParts& parts) {
    parts.add(PartKind::tool_name, text_at(call, "name"));
    parts.add(PartKind::tool_arguments, text_at(call, arguments_key));
}

void note_tool_calls(dom::element calls, PromptParts& parts) {
    dom::array list;
    if (calls.get_array().get(list) != simdjson::SUCCESS) return;
    for (const dom::element call : list) {
        dom::element inner;
        if (call["function"].get(inner) == simdjson::SUCCESS) note_call(inner, "arguments", parts);
        else if (call["custom"].get(inner) == simdjson::SUCCESS) note_call(inner, "input", parts);
    }
}

// The role comes first, wherever it stands in the object.
void note_message(dom::object message, PromptParts& parts) {
    std::string_view role;
    if (message["role"].get_string().get(role) != simdjson::SUCCESS) return;
    parts.add(PartKind::role, role);
    for (const auto [key, value] : message) {
        if (key == "content") note_content(value, parts);
        else if (key == "name" && value.is_string()) parts.add(PartKind::name, value.get_string().value_unsafe());
        else if (key == "refusal" && value.is_string()) parts.add(PartKind::content, value.get_string().value_unsafe());
        else if (key == "tool_calls") note_tool_calls(value, parts);
        else if (key == "function_call" && value.is_object()) note_call(value, "arguments", parts);
        else if (key == "tool_call_id" && value.is_string())
            parts.add(PartKind::tool_call_id, value.get_string().value_unsafe());
    }
}

// A text, an array of texts, an array of ids or an array of arrays of ids.
void note_prompt(dom::element prompt, PromptParts& parts) {
    if (prompt.is_string()) return parts.add(PartKind::prompt, prompt.get_string().value_unsafe());
    dom::array list;
    if (prompt.get_array().get(list) != simdjson::SUCCESS) return;
    for (const dom::element one : list) {
        if (one.is_string()) {
            parts.add(PartKind::prompt, one.get_string().value_unsafe());
        } else if (one.is_array()) {
            const std::uint64_t ids = one.get_array().value_unsafe().size();
            parts.token_ids += ids;
            parts.token_ids_longest = std::max(parts.token_ids_longest, ids);
        } else {
            parts.token_ids_longest = ++parts.token_ids;
        }
    }
}

}  // namespace

void note_field(std::string_view name, dom::element value, PromptParts& parts) {
    if (name == "messages") {
        dom::array list;
        if (value.get_array().get(list) != simdjson::SUCCESS) return;
        for (const dom::element message : list) {
            if (message.is_object()) note_message(message.get_object().value_unsafe(), parts);
        }
    } else if (name == "prompt") {
        note_prompt(value, parts);
    } else if (name == "tools" && value.is_array() && value.get_array().value_unsafe().size() > 0) {
        parts.add(PartKind::tools, simdjson::minify(value));
    } else if (name == "functions" && value.is_array() && value.get_array().value_unsafe().size() > 0) {
        parts.add(PartKind::functions, simdjson::minify(value));
    } else if (dom::element schema;
               name == "response_format" && value["json_schema"].get(schema) == simdjson::SUCCESS) {
        parts.add(PartKind::response_schema, simdjson::minify(schema));
    }
}

}  // namespace forebay::openai
