#include "openai/field_types.h"

#include <algorithm>
#include <array>

namespace forebay::openai {
namespace {

using simdjson::dom::element;

enum class Type { string, boolean, number, integer, array, object, string_or_array, string_or_object };

struct FieldType {
    std::string_view name;
    Type type;
};

// Sorted by name. `logprobs` is missing because its type depends on the endpoint.
constexpr std::array field_types{
    FieldType{"echo", Type::boolean},
    FieldType{"frequency_penalty", Type::number},
    FieldType{"logit_bias", Type::object},
    FieldType{"max_completion_tokens", Type::integer},
    FieldType{"max_tokens", Type::integer},
    FieldType{"messages", Type::array},
    FieldType{"metadata", Type::object},
    FieldType{"min_p", Type::number},
    FieldType{"model", Type::string},
    FieldType{"n", Type::integer},
    FieldType{"parallel_tool_calls", Type::boolean},
    FieldType{"presence_penalty", Type::number},
    FieldType{"prompt", Type::string_or_array},
    FieldType{"response_format", Type::object},
    FieldType{"seed", Type::integer},
    FieldType{"stop", Type::string_or_array},
    FieldType{"stream", Type::boolean},
    FieldType{"stream_options", Type::object},
    FieldType{"temperature", Type::number},
    FieldType{"tool_choice", Type::string_or_object},
    FieldType{"tools", Type::array},
    FieldType{"top_k", Type::integer},
    FieldType{"top_logprobs", Type::integer},
    FieldType{"top_p", Type::number},
    FieldType{"user", Type::string},
};
static_assert(std::ranges::is_sorted(field_types, {}, &FieldType::name));

bool has_type(element value, Type type) {
    switch (type) {
        case Type::string: return value.is_string();
        case Type::boolean: return value.is_bool();
        case Type::number: return value.is_number();
        case Type::integer: return value.is_int64() || value.is_uint64();
        case Type::array: return value.is_array();
        case Type::object: return value.is_object();
        case Type::string_or_array: return value.is_string() || value.is_array();
        case Type::string_or_object: return value.is_string() || value.is_object();
    }
    return false;
}

std::string_view phrase(Type type) {
    switch (type) {
        case Type::string: return "a string";
        case Type::boolean: return "true or false";
        case Type::number: return "a number";
        case Type::integer: return "an integer";
        case Type::array: return "an array";
        case Type::object: return "an object";
        case Type::string_or_array: return "a string or an array";
        case Type::string_or_object: return "a string or an object";
    }
    return "something else";
}

}  // namespace

Result<void> check_type(std::string_view field, element value) {
    const auto* known = std::ranges::lower_bound(field_types, field, {}, &FieldType::name);
    if (known == field_types.end() || known->name != field || has_type(value, known->type)) return {};
    return fail_field(std::string(field), fmt::format("'{}' must be {}", field, phrase(known->type)));
}

}  // namespace forebay::openai
