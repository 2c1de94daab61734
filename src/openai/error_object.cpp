#include "openai/error_object.h"

#include <simdjson.h>

#include "base/json.h"
#include "openai/json_text.h"

namespace forebay::openai {

ErrorShape shape_of(const Error& error) {
    switch (error.code) {
        case Code::invalid_argument:
            if (error.message.contains("maximum context length")) {
                return {400, "invalid_request_error", "context_length_exceeded", false};
            }
            return {400, "invalid_request_error", "invalid_request", false};
        case Code::unauthenticated: return {401, "invalid_request_error", "invalid_api_key", false};
        case Code::permission_denied: return {403, "permission_error", "permission_denied", false};
        case Code::not_found:
            if (error.param == "model") return {404, "invalid_request_error", "model_not_found", false};
            return {404, "invalid_request_error", "not_found", false};
        case Code::conflict: return {409, "invalid_request_error", "conflict", false};
        case Code::too_large: return {413, "invalid_request_error", "request_too_large", false};
        case Code::resource_exhausted: return {503, "overloaded_error", "overloaded", true};
        case Code::deadline_exceeded: return {504, "timeout_error", "timeout", true};
        case Code::unavailable: return {502, "upstream_error", "upstream_unavailable", true};
        case Code::bad_upstream: return {502, "upstream_error", "bad_upstream_response", true};
        case Code::cancelled: return {499, "client_closed_request", "client_closed_request", false};
        case Code::internal: return {500, "server_error", "internal_error", true};
    }
    return {500, "server_error", "internal_error", true};
}

ErrorShape shape_of_status(unsigned status) {
    switch (status) {
        case 400: return {400, "invalid_request_error", "invalid_request", false};
        case 408: return {408, "timeout_error", "request_timeout", true};
        case 413: return {413, "invalid_request_error", "request_too_large", false};
        case 431: return {431, "invalid_request_error", "headers_too_large", false};
        case 503: return {503, "overloaded_error", "overloaded", true};
        default: return {status, "server_error", "internal_error", true};
    }
}

std::string error_body(std::string_view message, std::string_view type, std::string_view param, std::string_view code) {
    std::string body = R"({"error":)";
    json::ObjectWriter error(body);
    error.field("message", message);
    error.field("type", type);
    param.empty() ? error.null("param") : error.field("param", param);
    code.empty() ? error.null("code") : error.field("code", code);
    error.close();
    body.push_back('}');
    return body;
}

std::string error_body(const Error& error) {
    const ErrorShape shape = shape_of(error);
    return error_body(error.message, shape.type, error.param, shape.code);
}

std::optional<UpstreamError> read_error(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::element error;
    if (parse_json(parser, body)["error"].get(error) != simdjson::SUCCESS) return std::nullopt;
    UpstreamError out;
    std::string_view text;
    if (error.get_string().get(text) == simdjson::SUCCESS) {
        out.message = text;
        return out;
    }
    out.is_object = true;
    if (error["message"].get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    out.message = text;
    if (error["type"].get_string().get(text) == simdjson::SUCCESS) out.type = text;
    if (error["code"].get_string().get(text) == simdjson::SUCCESS) out.code = text;
    return out;
}

}  // namespace forebay::openai
