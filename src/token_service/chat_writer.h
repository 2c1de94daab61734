// Writing the messages of a chat completion's body, one after the other.
#pragma once
#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "openai/json_text.h"

namespace forebay::token_service {

inline std::string_view text_at(simdjson::dom::element object, std::string_view key) {
    std::string_view text;
    return object[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

// A request's body, which is an object that names a model.
inline Result<simdjson::dom::element> open_request(simdjson::dom::parser& parser, std::string_view body) {
    simdjson::dom::element request;
    if (openai::parse_json(parser, body).get(request) != simdjson::SUCCESS || !request.is_object()) {
        return fail(Code::invalid_argument, "the request's body must be a JSON object");
    }
    if (text_at(request, "model").empty())
        return fail_field("model", "'model' is missing: name the model to count for");
    return request;
}

// A message's content: a string where it is one text, an array of parts otherwise.
class Content {
public:
    void add_text(std::string_view text) {
        if (texts_++ == 0) first_text_ = json::quote(text);
        std::string part;
        json::ObjectWriter object(part);
        object.field("type", "text");
        object.field("text", text);
        object.close();
        add_part(part);
    }
    // `url` may be a data URL; only its size matters.
    void add_image(std::string_view url, std::string_view detail) {
        std::string part = R"({"type":"image_url","image_url":)";
        json::ObjectWriter object(part);
        object.field("url", url);
        if (!detail.empty()) object.field("detail", detail);
        object.close();
        add_part(part + "}");
    }
    void add_file(std::string_view data) {
        std::string part = R"({"type":"file","file":)";
        json::ObjectWriter object(part);
        object.field("file_data", data);
        object.close();
        add_part(part + "}");
    }
    bool empty() const { return parts_ == 0; }
    std::string json() const { return parts_ == 1 && texts_ == 1 ? first_text_ : "[" + list_ + "]"; }

private:
    void add_part(std::string_view part) {
        if (parts_++ > 0) list_ += ',';
        list_ += part;
    }

    std::string list_;
    std::string first_text_;  // as JSON
    std::size_t parts_ = 0, texts_ = 0;
};

struct ToolCall {
    std::string_view id, name;
    std::string arguments;
};

// A text, or a list of `what` that read_one(element, its place, content) takes. invalid_argument, with the place.
template <class ReadOne>
Result<void> read_content(simdjson::dom::element value, const std::string& place, std::string_view what,
                          Content& content, const ReadOne& read_one) {
    if (value.is_string()) {
        content.add_text(value.get_string().value_unsafe());
        return {};
    }
    simdjson::dom::array list;
    if (value.get_array().get(list) != simdjson::SUCCESS) {
        return fail_field(place, fmt::format("'{}' must be a string or an array of {}", place, what));
    }
    std::size_t index = 0;
    for (const simdjson::dom::element one : list) {
        FOREBAY_TRY_VOID(read_one(one, fmt::format("{}[{}]", place, index++), content));
    }
    return {};
}

class ChatWriter {
public:
    explicit ChatWriter(std::string_view model) { out_ = R"({"model":)" + json::quote(model) + R"(,"messages":[)"; }

    void add_message(std::string_view role, const Content& content, std::string_view tool_call_id = {}) {
        json::ObjectWriter message(begin());
        message.field("role", role);
        if (!tool_call_id.empty()) message.field("tool_call_id", tool_call_id);
        message.raw("content", content.empty() ? "\"\"" : content.json());
        message.close();
    }
    void add_calls(const Content& content, const std::vector<ToolCall>& calls) {
        json::ObjectWriter message(begin());
        message.field("role", "assistant");
        message.raw("content", content.empty() ? "null" : content.json());
        std::string list;
        for (const ToolCall& call : calls) {
            list += list.empty() ? "[" : ",";
            json::ObjectWriter object(list);
            object.field("id", call.id);
            object.field("type", "function");
            object.key("function");
            json::ObjectWriter function(list);
            function.field("name", call.name);
            function.field("arguments", call.arguments);
            function.close();
            object.close();
        }
        message.raw("tool_calls", list + "]");
        message.close();
    }
    // `schema` is JSON, or empty.
    void add_tool(std::string_view name, std::string_view description, std::string_view schema) {
        tools_ += tools_.empty() ? "[" : ",";
        tools_ += R"({"type":"function","function":)";
        json::ObjectWriter function(tools_);
        function.field("name", name);
        if (!description.empty()) function.field("description", description);
        if (!schema.empty()) function.raw("parameters", schema);
        function.close();
        tools_ += '}';
    }
    void set_response_schema(std::string_view json) { schema_ = json; }
    bool has_messages() const { return any_; }

    std::string take() {
        out_ += ']';
        if (!tools_.empty()) out_ += R"(,"tools":)" + tools_ + "]";
        if (!schema_.empty()) out_ += R"(,"response_format":{"type":"json_schema","json_schema":)" + schema_ + "}";
        return std::move(out_) + "}";
    }

private:
    std::string& begin() {
        if (any_) out_ += ',';
        any_ = true;
        return out_;
    }

    std::string out_, tools_, schema_;
    bool any_ = false;
};

}  // namespace forebay::token_service
