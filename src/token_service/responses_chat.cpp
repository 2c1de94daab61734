// The Responses API's input as a chat completion's messages.
#include "token_service/chat_writer.h"
#include "token_service/foreign_chats.h"

namespace forebay::token_service {
namespace {

namespace dom = simdjson::dom;

Result<void> read_part(dom::element part, const std::string& place, Content& content) {
    const std::string_view type = text_at(part, "type");
    if (type == "input_text" || type == "output_text" || type == "text") content.add_text(text_at(part, "text"));
    else if (type == "refusal") content.add_text(text_at(part, "refusal"));
    else if (type == "input_image") content.add_image(text_at(part, "image_url"), text_at(part, "detail"));
    else if (type == "input_file") content.add_file(text_at(part, "file_data"));
    else return fail_field(place, fmt::format("'{}' is a part of the type '{}', which is not known here", place, type));
    return {};
}

Result<void> read_content(dom::element value, const std::string& place, Content& content) {
    return read_content(value, place, "parts", content, read_part);
}

Result<void> read_item(dom::element item, std::size_t index, ChatWriter& out) {
    const std::string place = fmt::format("input[{}]", index);
    const std::string_view type = text_at(item, "type");
    Content content;
    dom::element value;
    if (type == "function_call" || type == "custom_tool_call") {
        const std::string_view arguments = text_at(item, type == "function_call" ? "arguments" : "input");
        out.add_calls({}, {{text_at(item, "call_id"), text_at(item, "name"), std::string(arguments)}});
    } else if (type == "function_call_output" || type == "custom_tool_call_output") {
        if (item["output"].get(value) == simdjson::SUCCESS) {
            FOREBAY_TRY_VOID(read_content(value, place + ".output", content));
        }
        out.add_message("tool", content, text_at(item, "call_id"));
    } else if (type == "reasoning") {
        return {};  // of earlier turns: not shown to the model again
    } else if (type == "item_reference") {
        return fail_field(
            place, fmt::format("'{}' refers to a stored item, and nothing is stored here: send the item", place));
    } else if (type.empty() || type == "message") {
        const std::string_view role = text_at(item, "role");
        if (role.empty())
            return fail_field(place + ".role", fmt::format("'{}.role' must be a string such as 'user'", place));
        if (item["content"].get(value) != simdjson::SUCCESS) {
            return fail_field(place + ".content", fmt::format("'{}.content' is missing", place));
        }
        FOREBAY_TRY_VOID(read_content(value, place + ".content", content));
        out.add_message(role, content);
    } else {
        return fail_field(place, fmt::format("'{}' is an item of the type '{}', which is not known here", place, type));
    }
    return {};
}

Result<void> read_input(dom::element input, ChatWriter& out) {
    if (input.is_string()) {
        Content content;
        content.add_text(input.get_string().value_unsafe());
        out.add_message("user", content);
        return {};
    }
    dom::array items;
    if (input.get_array().get(items) != simdjson::SUCCESS) {
        return fail_field("input", "'input' must be a string or an array of items");
    }
    std::size_t index = 0;
    for (const dom::element item : items) FOREBAY_TRY_VOID(read_item(item, index++, out));
    return {};
}

Result<void> read_tools(dom::element value, ChatWriter& out) {
    dom::array tools;
    if (value.get_array().get(tools) != simdjson::SUCCESS) return fail_field("tools", "'tools' must be an array");
    for (const dom::element tool : tools) {
        dom::element schema;
        const bool has_schema = tool["parameters"].get(schema) == simdjson::SUCCESS;
        const std::string_view name = text_at(tool, "name");
        // A hosted tool (web_search) has a type alone.
        out.add_tool(name.empty() ? text_at(tool, "type") : name, text_at(tool, "description"),
                     has_schema ? simdjson::minify(schema) : "");
    }
    return {};
}

// {"type":"json_schema","name":…,"schema":…} of text.format.
void read_format(dom::element request, ChatWriter& out) {
    dom::element format;
    if (request["text"]["format"].get(format) == simdjson::SUCCESS && text_at(format, "type") == "json_schema") {
        out.set_response_schema(simdjson::minify(format));
    }
}

}  // namespace

Result<std::string> chat_of_responses(std::string_view body) {
    static thread_local dom::parser parser;
    FOREBAY_TRY(const dom::element request, open_request(parser, body));
    for (const char* stored : {"previous_response_id", "conversation"}) {
        if (dom::element value; request[stored].get(value) == simdjson::SUCCESS && !value.is_null()) {
            return fail_field(stored, fmt::format("'{}' names something stored, and nothing is stored here: send the "
                                                  "whole input",
                                                  stored));
        }
    }
    ChatWriter out(text_at(request, "model"));
    if (const std::string_view instructions = text_at(request, "instructions"); !instructions.empty()) {
        Content content;
        content.add_text(instructions);
        out.add_message("system", content);
    }
    if (dom::element input; request["input"].get(input) == simdjson::SUCCESS && !input.is_null()) {
        FOREBAY_TRY_VOID(read_input(input, out));
    }
    if (!out.has_messages()) return fail_field("input", "'input' is missing: a string or an array of items");
    if (dom::element tools; request["tools"].get(tools) == simdjson::SUCCESS && !tools.is_null()) {
        FOREBAY_TRY_VOID(read_tools(tools, out));
    }
    read_format(request, out);
    return out.take();
}

}  // namespace forebay::token_service
