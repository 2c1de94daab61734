#include "token_service/harmony_tools.h"

#include <simdjson.h>

#include "openai/json_text.h"

namespace forebay::token_service {
namespace {

namespace dom = simdjson::dom;

constexpr int depth_max = 16;  // of types inside types; deeper ones are "any"

std::string_view text_at(dom::element object, std::string_view key) {
    std::string_view text;
    return object[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

bool is_required(dom::element schema, std::string_view name) {
    dom::array names;
    if (schema["required"].get_array().get(names) != simdjson::SUCCESS) return false;
    for (const dom::element one : names) {
        if (one.is_string() && one.get_string().value_unsafe() == name) return true;
    }
    return false;
}

std::string plain(dom::element value) {
    return value.is_string() ? std::string(value.get_string().value_unsafe()) : simdjson::minify(value);
}

void append_comment(std::string& out, std::string_view text) {
    for (std::size_t at = 0; !text.empty() && at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        out.append("// ").append(text.substr(at, end - at)).push_back('\n');
        at = end + 1;
    }
}

std::string type_of(dom::element schema, int depth);

// "{\n// what\nname?: type, // default: x\n}"
std::string object_type(dom::element schema, dom::object properties, int depth) {
    std::string out = "{\n";
    for (const auto [name, value] : properties) {
        append_comment(out, text_at(value, "description"));
        out += name;
        out += is_required(schema, name) ? ": " : "?: ";
        out += type_of(value, depth + 1) + ",";
        if (dom::element preset; value["default"].get(preset) == simdjson::SUCCESS)
            out += " // default: " + plain(preset);
        out += '\n';
    }
    return out + "}";
}

std::string joined(dom::array variants, int depth) {
    std::string out;
    for (const dom::element one : variants) {
        if (!out.empty()) out += " | ";
        out += one.is_string() ? plain(one) : type_of(one, depth + 1);
    }
    return out;
}

std::string type_of(dom::element schema, int depth) {
    if (depth > depth_max) return "any";
    if (dom::array values; schema["enum"].get_array().get(values) == simdjson::SUCCESS) {
        std::string out;
        for (const dom::element value : values) {
            out += (out.empty() ? "" : " | ") + simdjson::minify(value);
        }
        return out;
    }
    for (const char* key : {"oneOf", "anyOf", "type"}) {
        if (dom::array list; schema[key].get_array().get(list) == simdjson::SUCCESS) return joined(list, depth);
    }
    const std::string_view type = text_at(schema, "type");
    bool nullable = false;
    static_cast<void>(schema["nullable"].get_bool().get(nullable));
    const std::string tail = nullable ? " | null" : "";
    if (type == "string" || type == "number" || type == "boolean") return std::string(type) + tail;
    if (type == "integer") return "number" + tail;
    if (type == "array") {
        dom::element items;
        return (schema["items"].get(items) == simdjson::SUCCESS ? type_of(items, depth + 1) : "any") + "[]" + tail;
    }
    dom::object properties;
    if (schema["properties"].get_object().get(properties) == simdjson::SUCCESS) {
        return object_type(schema, properties, depth) + tail;
    }
    return type == "object" ? "object" + tail : "any";
}

}  // namespace

std::string harmony_tools(std::string_view tools) {
    std::string out = "## functions\n\nnamespace functions {\n\n";
    static thread_local dom::parser parser;
    dom::array list;
    if (openai::parse_json(parser, tools).get_array().get(list) != simdjson::SUCCESS) return {};
    for (const dom::element tool : list) {
        dom::element function;
        if (tool["function"].get(function) != simdjson::SUCCESS) function = tool;
        append_comment(out, text_at(function, "description"));
        out.append("type ").append(text_at(function, "name")).append(" = ");
        dom::element schema;
        dom::object properties;
        if (function["parameters"].get(schema) == simdjson::SUCCESS &&
            schema["properties"].get_object().get(properties) == simdjson::SUCCESS && properties.size() > 0) {
            out += "(_: " + object_type(schema, properties, 0) + ") => any;\n\n";
        } else {
            out += "() => any;\n\n";
        }
    }
    return out + "} // namespace functions";
}

}  // namespace forebay::token_service
