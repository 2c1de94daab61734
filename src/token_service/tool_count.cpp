#include "token_service/tool_count.h"

#include <simdjson.h>

#include <algorithm>
#include <string>

#include "openai/json_text.h"

namespace forebay::token_service {
namespace {

namespace dom = simdjson::dom;

// The cookbook's numbers.
constexpr std::ptrdiff_t any_properties = 3;
constexpr std::ptrdiff_t each_property = 3;
constexpr std::ptrdiff_t any_enum = -3;
constexpr std::ptrdiff_t each_enum_value = 3;
constexpr std::ptrdiff_t all_functions = 12;
constexpr int depth_max = 32;  // of schemas inside schemas; deeper ones are counted by nobody's rule

std::string_view text_at(dom::element object, std::string_view key) {
    std::string_view text;
    return object[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string_view without_full_stop(std::string_view text) {
    return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

class ToolCounter {
public:
    explicit ToolCounter(const tokenizer::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

    std::ptrdiff_t function(dom::element function) {
        line_ = text_at(function, "name");
        line_ += ':';
        line_ += without_full_stop(text_at(function, "description"));
        std::ptrdiff_t tokens = count(line_);
        if (dom::element schema; function["parameters"].get(schema) == simdjson::SUCCESS) tokens += object(schema, 0);
        return tokens;
    }

private:
    std::ptrdiff_t count(std::string_view text) const { return static_cast<std::ptrdiff_t>(tokenizer_.count(text)); }

    std::ptrdiff_t object(dom::element schema, int depth) {
        dom::object properties;
        if (depth > depth_max || schema["properties"].get_object().get(properties) != simdjson::SUCCESS) return 0;
        std::ptrdiff_t tokens = properties.size() > 0 ? any_properties : 0;
        for (const auto [name, value] : properties) tokens += property(name, value, depth);
        return tokens;
    }

    std::ptrdiff_t property(std::string_view name, dom::element schema, int depth) {
        std::ptrdiff_t tokens = each_property;
        if (dom::array values; schema["enum"].get_array().get(values) == simdjson::SUCCESS) {
            tokens += any_enum;
            for (const dom::element value : values) {
                tokens += each_enum_value;
                tokens += value.is_string() ? count(value.get_string().value_unsafe()) : count(simdjson::minify(value));
            }
        }
        line_ = name;
        line_ += ':';
        if (dom::element type; schema["type"].get(type) == simdjson::SUCCESS) {
            line_ += type.is_string() ? std::string(type.get_string().value_unsafe()) : simdjson::minify(type);
        }
        line_ += ':';
        line_ += without_full_stop(text_at(schema, "description"));
        tokens += count(line_);
        if (dom::element items; schema["items"].get(items) == simdjson::SUCCESS) tokens += object(items, depth + 1);
        return tokens + object(schema, depth + 1);
    }

    const tokenizer::Tokenizer& tokenizer_;
    std::string line_;
};

}  // namespace

std::size_t count_tools(const tokenizer::Tokenizer& tokenizer, std::string_view tools, std::size_t per_function) {
    static thread_local dom::parser parser;
    dom::array list;
    if (openai::parse_json(parser, tools).get_array().get(list) != simdjson::SUCCESS) return 0;
    ToolCounter counter(tokenizer);
    std::ptrdiff_t tokens = 0;
    for (const dom::element tool : list) {
        dom::element function;
        if (tool["function"].get(function) != simdjson::SUCCESS) function = tool;
        tokens += static_cast<std::ptrdiff_t>(per_function) + counter.function(function);
    }
    if (list.size() > 0) tokens += all_functions;
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(tokens, 0));
}

}  // namespace forebay::token_service
