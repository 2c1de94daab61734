#include "openai/request.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "openai/field_types.h"
#include "openai/json_text.h"
#include "openai/note_parts.h"

namespace forebay::openai {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t noted_bytes_reserved = 64 * 1024;  // a larger body is mostly images

Result<std::int64_t> integer_of(std::string_view field, dom::element value) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) == simdjson::SUCCESS) return number;
    return fail_field(std::string(field), fmt::format("'{}' must be an integer that fits 64 bits", field));
}

Result<void> read_messages(dom::element value, RequestBody& out) {
    for (dom::element message : value.get_array().value_unsafe()) {
        const std::string place = fmt::format("messages[{}]", out.messages++);
        if (!message.is_object()) return fail_field(place, fmt::format("'{}' must be an object with a role", place));
        std::string_view role;
        if (message["role"].get_string().get(role) != simdjson::SUCCESS) {
            return fail_field(place + ".role", fmt::format("'{}.role' must be a string such as 'user'", place));
        }
        dom::element content;
        if (message["content"].get(content) != simdjson::SUCCESS) continue;  // an assistant's tool calls have none
        if (!content.is_string() && !content.is_array() && !content.is_null()) {
            return fail_field(place + ".content",
                              fmt::format("'{}.content' must be a string or an array of parts", place));
        }
    }
    if (out.messages == 0) return fail_field("messages", "'messages' must have at least one message");
    return {};
}

Result<void> read_stop(dom::element value, RequestBody& out) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) {
        out.stop.emplace_back(text);
        return {};
    }
    for (dom::element one : value.get_array().value_unsafe()) {
        if (one.get_string().get(text) != simdjson::SUCCESS) {
            return fail_field("stop", "'stop' must be a string or an array of strings");
        }
        out.stop.emplace_back(text);
    }
    return {};
}

Result<void> read_logit_bias(dom::element value, RequestBody& out) {
    for (const auto [name, bias] : value.get_object().value_unsafe()) {
        std::int32_t token = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), token);
        double number = 0;
        if (error != std::errc() || end != name.data() + name.size() ||
            bias.get_double().get(number) != simdjson::SUCCESS) {
            return fail_field("logit_bias", "'logit_bias' must map token ids to numbers");
        }
        out.logit_bias.emplace_back(token, static_cast<float>(number));
    }
    return {};
}

Result<void> read_prompt(dom::element value, RequestBody& out) {
    std::string_view text;
    if (value.is_array()) {
        const dom::array prompts = value.get_array().value_unsafe();
        if (prompts.size() == 1 && prompts.at(0).get_string().get(text) == simdjson::SUCCESS) {
            out.prompt = text;
        } else {
            out.prompt.clear();  // several prompts, or token ids: an upstream may take them, our worker does not
        }
        return {};
    }
    out.prompt = value.get_string().value_unsafe();
    return {};
}

Result<void> read_logprobs(dom::element value, RequestBody& out) {
    if (out.endpoint == Endpoint::chat_completions) {
        if (value.get_bool().get(out.logprobs) == simdjson::SUCCESS) return {};
        return fail_field("logprobs", "'logprobs' must be true or false");
    }
    FOREBAY_TRY(out.top_logprobs, integer_of("logprobs", value));
    out.logprobs = true;
    return {};
}

Result<void> read_stream_options(dom::element value, RequestBody& out) {
    dom::element include;
    if (value["include_usage"].get(include) != simdjson::SUCCESS || include.is_null()) return {};
    if (include.get_bool().get(out.include_usage) == simdjson::SUCCESS) return {};
    return fail_field("stream_options.include_usage", "'stream_options.include_usage' must be true or false");
}

// Fields with a value of their own in RequestBody. The types are right by now.
Result<void> read_field(std::string_view name, dom::element value, RequestBody& out) {
    const auto number = [&] { return value.get_double().value_unsafe(); };
    if (name == "model") out.model = value.get_string().value_unsafe();
    else if (name == "stream") out.stream = value.get_bool().value_unsafe();
    else if (name == "temperature") out.temperature = number();
    else if (name == "top_p") out.top_p = number();
    else if (name == "min_p") out.min_p = number();
    else if (name == "presence_penalty") out.presence_penalty = number();
    else if (name == "frequency_penalty") out.frequency_penalty = number();
    else if (name == "echo") out.echo = value.get_bool().value_unsafe();
    else if (name == "tools") out.has_tools = value.get_array().value_unsafe().size() > 0;
    else if (name == "response_format") {
        std::string_view type;
        if (value["type"].get_string().get(type) == simdjson::SUCCESS) out.response_format = type;
    } else if (name == "top_k") {
        FOREBAY_TRY(out.top_k, integer_of(name, value));
    } else if (name == "seed") {
        FOREBAY_TRY(out.seed, integer_of(name, value));
    } else if (name == "n") {
        FOREBAY_TRY(out.n, integer_of(name, value));
    } else if (name == "max_completion_tokens") {
        FOREBAY_TRY(out.tokens_max, integer_of(name, value));
    } else if (name == "max_tokens") {
        if (!out.tokens_max) {
            FOREBAY_TRY(out.tokens_max, integer_of(name, value));
        }
    } else if (name == "top_logprobs") {
        FOREBAY_TRY(out.top_logprobs, integer_of(name, value));
    } else if (name == "messages") return read_messages(value, out);
    else if (name == "prompt") return read_prompt(value, out);
    else if (name == "stop") return read_stop(value, out);
    else if (name == "logit_bias") return read_logit_bias(value, out);
    else if (name == "logprobs") return read_logprobs(value, out);
    else if (name == "stream_options") return read_stream_options(value, out);
    return {};
}

Result<dom::object> parse_object(dom::parser& parser, std::string_view body) {
    dom::element root;
    const auto error = parse_json(parser, body).get(root);
    if (error != simdjson::SUCCESS) {
        return fail(Code::invalid_argument, "the request's body is not valid JSON: {}", simdjson::error_message(error));
    }
    dom::object object;
    if (root.get_object().get(object) != simdjson::SUCCESS) {
        return fail(Code::invalid_argument, "the request's body must be a JSON object");
    }
    return object;
}

Result<void> no_field_twice(dom::object object) {
    std::vector<std::string_view> names;
    names.reserve(32);
    for (const auto [name, value] : object) names.push_back(name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) {
        return fail_field(std::string(*twice), fmt::format("'{}' is given twice", *twice));
    }
    return {};
}

}  // namespace

std::string_view name_of(Endpoint endpoint) {
    return endpoint == Endpoint::chat_completions ? "chat.completions" : "completions";
}
std::string_view path_of(Endpoint endpoint) {
    return endpoint == Endpoint::chat_completions ? "/chat/completions" : "/completions";
}

Result<RequestBody> parse_request(Endpoint endpoint, std::string_view body, PromptParts* parts) {
    static thread_local dom::parser parser;  // keeps its memory from call to call
    FOREBAY_TRY(const dom::object object, parse_object(parser, body));
    FOREBAY_TRY_VOID(no_field_twice(object));
    RequestBody request;
    request.endpoint = endpoint;
    if (parts) parts->text.reserve(std::min(body.size(), noted_bytes_reserved));
    bool has_model = false, has_input = false;
    const std::string_view input = endpoint == Endpoint::chat_completions ? "messages" : "prompt";
    for (const auto [name, value] : object) {
        if (value.is_null()) continue;
        FOREBAY_TRY_VOID(check_type(name, value));
        has_model = has_model || name == "model";
        has_input = has_input || name == input;
        FOREBAY_TRY_VOID(read_field(name, value, request));
        if (parts) note_field(name, value, *parts);
    }
    if (!has_model || request.model.empty()) return fail_field("model", "'model' is missing: name the model to call");
    if (!has_input) return fail_field(std::string(input), fmt::format("'{}' is missing", input));
    return request;
}

namespace {

Result<void> in_range(std::string_view field, std::optional<double> value, double least, double most) {
    if (!value || (*value >= least && *value <= most)) return {};
    return fail_field(std::string(field), fmt::format("'{}' must be between {} and {}", field, least, most));
}

}  // namespace

Result<void> check_for_worker(const RequestBody& request) {
    FOREBAY_TRY_VOID(in_range("temperature", request.temperature, 0, 2));
    FOREBAY_TRY_VOID(in_range("top_p", request.top_p, 0, 1));
    FOREBAY_TRY_VOID(in_range("min_p", request.min_p, 0, 1));
    FOREBAY_TRY_VOID(in_range("presence_penalty", request.presence_penalty, -2, 2));
    FOREBAY_TRY_VOID(in_range("frequency_penalty", request.frequency_penalty, -2, 2));
    FOREBAY_TRY_VOID(in_range("top_k", request.top_k, 0, 1'000'000));
    FOREBAY_TRY_VOID(in_range("max_tokens", request.tokens_max, 1, 2'147'483'647));
    FOREBAY_TRY_VOID(in_range("top_logprobs", static_cast<double>(request.top_logprobs), 0, 20));
    if (request.n.value_or(1) != 1) return fail_field("n", "'n' must be 1: this runtime gives one choice per call");
    if (request.has_tools) return fail_field("tools", "'tools' are not supported by this runtime: it gives text alone");
    if (!request.response_format.empty() && request.response_format != "text") {
        return fail_field("response_format", "'response_format' must be of type 'text' for this runtime");
    }
    if (request.stop.size() > 4) return fail_field("stop", "'stop' may have at most 4 sequences");
    if (std::ranges::any_of(request.stop, [](const std::string& one) { return one.empty(); })) {
        return fail_field("stop", "a stop sequence must not be empty");
    }
    if (request.endpoint == Endpoint::chat_completions && request.top_logprobs > 0 && !request.logprobs) {
        return fail_field("top_logprobs", "'top_logprobs' needs 'logprobs': true");
    }
    if (request.endpoint == Endpoint::completions && request.prompt.empty()) {
        return fail_field("prompt", "'prompt' must be one text that is not empty");
    }
    return {};
}

}  // namespace forebay::openai
