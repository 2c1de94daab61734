// Anthropic's messages as a chat completion's.
#include "token_service/chat_writer.h"
#include "token_service/foreign_chats.h"

namespace forebay::token_service {
namespace {

namespace dom = simdjson::dom;

std::string data_url(dom::element source) {
    if (text_at(source, "type") == "base64") return "data:image;base64," + std::string(text_at(source, "data"));
    return std::string(text_at(source, "url"));
}

// A user's or a tool's content blocks.
Result<void> read_block(dom::element block, const std::string& place, Content& content) {
    const std::string_view type = text_at(block, "type");
    dom::element source;
    if (type == "text") {
        content.add_text(text_at(block, "text"));
    } else if (type == "image" && block["source"].get(source) == simdjson::SUCCESS) {
        content.add_image(data_url(source), {});
    } else if (type == "document" && block["source"].get(source) == simdjson::SUCCESS) {
        if (text_at(source, "type") == "text") content.add_text(text_at(source, "data"));
        else content.add_file(text_at(source, "data"));
    } else if (type == "search_result" || type == "thinking" || type == "redacted_thinking") {
        if (type == "search_result") content.add_text(simdjson::minify(block));
    } else {
        return fail_field(
            place, fmt::format("'{}' is a content block of the type '{}', which is not known here", place, type));
    }
    return {};
}

Result<void> read_content(dom::element value, const std::string& place, Content& content) {
    return read_content(value, place, "content blocks", content, read_block);
}

struct Turn {
    Content content;
    std::vector<ToolCall> calls;
};

Result<void> read_turn_block(dom::element block, const std::string& place, Turn& turn, ChatWriter& out) {
    const std::string_view type = text_at(block, "type");
    if (type == "tool_use" || type == "server_tool_use") {
        dom::element input;
        const bool has_input = block["input"].get(input) == simdjson::SUCCESS;
        turn.calls.push_back(
            {text_at(block, "id"), text_at(block, "name"), has_input ? simdjson::minify(input) : "{}"});
        return {};
    }
    if (type == "tool_result" || type.ends_with("_tool_result")) {
        Content answer;
        if (dom::element value; block["content"].get(value) == simdjson::SUCCESS && type == "tool_result") {
            FOREBAY_TRY_VOID(read_content(value, place + ".content", answer));
        } else if (type != "tool_result") {
            answer.add_text(simdjson::minify(block));
        }
        out.add_message("tool", answer, text_at(block, "tool_use_id"));
        return {};
    }
    return read_block(block, place, turn.content);
}

Result<void> read_message(dom::element message, std::size_t index, ChatWriter& out) {
    const std::string place = fmt::format("messages[{}]", index);
    const std::string_view role = text_at(message, "role");
    if (role != "user" && role != "assistant") {
        return fail_field(place + ".role", fmt::format("'{}.role' must be 'user' or 'assistant'", place));
    }
    dom::element value;
    if (message["content"].get(value) != simdjson::SUCCESS) {
        return fail_field(place + ".content", fmt::format("'{}.content' is missing", place));
    }
    Turn turn;
    if (dom::array blocks; value.get_array().get(blocks) == simdjson::SUCCESS) {
        std::size_t at = 0;
        for (const dom::element block : blocks) {
            FOREBAY_TRY_VOID(read_turn_block(block, fmt::format("{}.content[{}]", place, at++), turn, out));
        }
        if (turn.content.empty() && turn.calls.empty()) return {};
    } else {
        FOREBAY_TRY_VOID(read_content(value, place + ".content", turn.content));
    }
    if (turn.calls.empty()) out.add_message(role, turn.content);
    else out.add_calls(turn.content, turn.calls);
    return {};
}

Result<void> read_tools(dom::element value, ChatWriter& out) {
    dom::array tools;
    if (value.get_array().get(tools) != simdjson::SUCCESS) return fail_field("tools", "'tools' must be an array");
    for (const dom::element tool : tools) {
        dom::element schema;
        const bool has_schema = tool["input_schema"].get(schema) == simdjson::SUCCESS;
        out.add_tool(text_at(tool, "name"), text_at(tool, "description"), has_schema ? simdjson::minify(schema) : "");
    }
    return {};
}

}  // namespace

Result<std::string> chat_of_anthropic(std::string_view body) {
    static thread_local dom::parser parser;
    FOREBAY_TRY(const dom::element request, open_request(parser, body));
    ChatWriter out(text_at(request, "model"));
    if (dom::element system; request["system"].get(system) == simdjson::SUCCESS && !system.is_null()) {
        Content content;
        FOREBAY_TRY_VOID(read_content(system, "system", content));
        if (!content.empty()) out.add_message("system", content);
    }
    dom::array messages;
    if (request["messages"].get_array().get(messages) != simdjson::SUCCESS || messages.size() == 0) {
        return fail_field("messages", "'messages' must be an array with at least one message");
    }
    std::size_t index = 0;
    for (const dom::element message : messages) FOREBAY_TRY_VOID(read_message(message, index++, out));
    if (!out.has_messages()) return fail_field("messages", "the messages have no content");
    if (dom::element tools; request["tools"].get(tools) == simdjson::SUCCESS && !tools.is_null()) {
        FOREBAY_TRY_VOID(read_tools(tools, out));
    }
    return out.take();
}

}  // namespace forebay::token_service
