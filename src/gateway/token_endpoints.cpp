#include "gateway/token_endpoints.h"

#include <simdjson.h>

#include "base/json.h"
#include "openai/body_edit.h"
#include "openai/error_object.h"
#include "openai/json_text.h"
#include "runtime/error_response.h"
#include "token_service/foreign_chats.h"

namespace forebay::gateway {
namespace {

namespace dom = simdjson::dom;
using token_service::ChatCounter;
using token_service::TargetTokens;
using token_service::Tokens;
using tokenizer::Specials;

struct Model {
    std::string name;
    const TargetTokens* tokens = nullptr;
};

Result<Model> find_model(const serving::Routes& routes, std::string_view name) {
    const auto found = routes.models.find(name);
    if (found == routes.models.end()) {
        return std::unexpected(Error{
            Code::not_found,
            fmt::format("the model '{}' does not exist here; GET /v1/models lists those that do", name), "model"});
    }
    const TargetTokens& tokens = found->second.front().tokens;
    if (!tokens.counter) {
        return fail(Code::unavailable, "the tokenizer of '{}' could not be opened; the server's log says why", name);
    }
    return Model{std::string(name), &tokens};
}

// vLLM's requests may leave the model out where there is only one.
Result<Model> model_of(const serving::Routes& routes, dom::element request) {
    dom::element value;
    if (request["model"].get(value) == simdjson::SUCCESS && !value.is_null()) {
        if (value.is_string()) return find_model(routes, value.get_string().value_unsafe());
        return fail_field("model", "'model' must be a string");
    }
    if (routes.models.size() == 1) return find_model(routes, routes.models.begin()->first);
    return fail_field("model", "'model' is missing: name one of those that GET /v1/models lists");
}

Result<const tokenizer::Tokenizer*> tokenizer_of(const Model& model) {
    if (const auto* tokenizer = model.tokens->counter->tokenizer()) return tokenizer;
    return fail_field("model", fmt::format("the tokenizer of '{}' is not public: its tokens can be estimated (POST "
                                           "/v1/responses/input_tokens) but not told",
                                           model.name));
}

Result<dom::element> parse(dom::parser& parser, const std::string& body) {
    dom::element request;
    if (const auto error = openai::parse_json(parser, body).get(request); error != simdjson::SUCCESS) {
        return fail(Code::invalid_argument, "the request's body is not valid JSON: {}", simdjson::error_message(error));
    }
    if (!request.is_object()) return fail(Code::invalid_argument, "the request's body must be a JSON object");
    return request;
}

Result<bool> flag(dom::element request, std::string_view name, bool otherwise) {
    dom::element value;
    if (request[name].get(value) != simdjson::SUCCESS || value.is_null()) return otherwise;
    bool out = false;
    if (value.get_bool().get(out) == simdjson::SUCCESS) return out;
    return fail_field(std::string(name), fmt::format("'{}' must be true or false", name));
}

struct Encoded {
    Tokens tokens;
    std::optional<std::vector<tokenizer::Offset>> offsets;
};

Result<Encoded> encode_prompt(dom::element request, std::string_view prompt, const tokenizer::Tokenizer& tokenizer) {
    FOREBAY_TRY(const bool specials, flag(request, "add_special_tokens", true));
    FOREBAY_TRY(const bool with_offsets, flag(request, "return_offsets", false));
    const tokenizer::EncodeOptions options{.specials = Specials::as_tokens, .add_begin_end = specials};
    Encoded out;
    if (!with_offsets) {
        tokenizer.append_tokens(out.tokens, prompt, options);
        return out;
    }
    auto offsets = tokenizer.append_with_offsets(out.tokens, prompt, options);
    if (!offsets) return fail_field("return_offsets", offsets.error().message);
    out.offsets = std::move(*offsets);
    return out;
}

Result<Encoded> encode_chat(dom::element request, const std::string& body, const Model& model,
                            const tokenizer::Tokenizer& tokenizer) {
    engine::RenderOptions options;
    FOREBAY_TRY(options.add_generation_prompt, flag(request, "add_generation_prompt", true));
    FOREBAY_TRY(options.continue_final_message, flag(request, "continue_final_message", false));
    FOREBAY_TRY(const bool asked_for_both, flag(request, "add_generation_prompt", false));
    if (options.continue_final_message && asked_for_both) {
        return fail_field("continue_final_message",
                          "'continue_final_message' and 'add_generation_prompt' exclude each other");
    }
    FOREBAY_TRY(const bool specials, flag(request, "add_special_tokens", false));
    FOREBAY_TRY(const bool with_offsets, flag(request, "return_offsets", false));
    if (with_offsets)
        return fail_field("return_offsets", "'return_offsets' is for a 'prompt': messages become one text");
    dom::element given;
    if (request["chat_template"].get(given) == simdjson::SUCCESS && !given.is_null()) {
        return fail_field("chat_template", "'chat_template' is not taken from requests; the model's own is used");
    }
    if (request["chat_template_kwargs"].get(given) == simdjson::SUCCESS && !given.is_null()) {
        options.template_kwargs = simdjson::minify(given);
    }
    const std::string whole = openai::edit_object(body, {{"model", json::quote(model.name)}});
    openai::PromptParts parts;
    FOREBAY_TRY(const auto parsed, openai::parse_request(openai::Endpoint::chat_completions, whole, &parts));
    FOREBAY_TRY(Tokens tokens, model.tokens->counter->encode_chat({parsed.endpoint, parts, whole}, options));
    if (specials) {
        const auto& info = tokenizer.info();
        const bool begins = !tokens.empty() && tokens.front() == info.begin;
        if (info.adds_begin && !begins) tokens.insert(tokens.begin(), info.begin);
        if (info.adds_end) tokens.push_back(info.end);
    }
    return Encoded{std::move(tokens), std::nullopt};
}

net::Response json_response(std::string body) {
    net::Response response;
    response.headers.add("content-type", "application/json");
    response.body = std::move(body);
    return response;
}

template <class T, class Append>
void append_list(std::string& out, const std::vector<T>& list, Append append) {
    out.push_back('[');
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out.push_back(',');
        append(list[i]);
    }
    out.push_back(']');
}

Result<net::Response> tokenize(const serving::Routes& routes, const std::string& body) {
    static thread_local dom::parser parser;
    FOREBAY_TRY(const dom::element request, parse(parser, body));
    FOREBAY_TRY(const Model model, model_of(routes, request));
    FOREBAY_TRY(const auto* tokenizer, tokenizer_of(model));
    FOREBAY_TRY(const bool with_texts, flag(request, "return_token_strs", false));
    Encoded encoded;
    dom::element input;
    if (request["messages"].get(input) == simdjson::SUCCESS) {
        FOREBAY_TRY(encoded, encode_chat(request, body, model, *tokenizer));
    } else {
        std::string_view prompt;
        if (request["prompt"].get_string().get(prompt) != simdjson::SUCCESS) {
            return fail_field("prompt", "'prompt' must be a text, or 'messages' a chat");
        }
        FOREBAY_TRY(encoded, encode_prompt(request, prompt, *tokenizer));
    }
    std::string out;
    out.reserve(128 + encoded.tokens.size() * 7);
    json::ObjectWriter object(out);
    object.field("count", encoded.tokens.size());
    if (model.tokens->context_tokens > 0) object.field("max_model_len", model.tokens->context_tokens);
    else object.null("max_model_len");
    object.key("tokens");
    append_list(out, encoded.tokens,
                [&](tokenizer::TokenId token) { fmt::format_to(std::back_inserter(out), "{}", token); });
    if (with_texts) {
        object.key("token_strs");
        append_list(out, encoded.tokens, [&](auto token) { json::append_string(out, tokenizer->bytes_of(token)); });
    } else {
        object.null("token_strs");
    }
    if (encoded.offsets) {
        object.key("offsets");
        append_list(out, *encoded.offsets, [&](const tokenizer::Offset& offset) {
            fmt::format_to(std::back_inserter(out), "[{},{}]", offset.begin, offset.end);
        });
    }
    object.close();
    return json_response(std::move(out));
}

Result<net::Response> detokenize(const serving::Routes& routes, const std::string& body) {
    static thread_local dom::parser parser;
    FOREBAY_TRY(const dom::element request, parse(parser, body));
    FOREBAY_TRY(const Model model, model_of(routes, request));
    FOREBAY_TRY(const auto* tokenizer, tokenizer_of(model));
    dom::array list;
    if (request["tokens"].get_array().get(list) != simdjson::SUCCESS) {
        return fail_field("tokens", "'tokens' must be an array of token ids");
    }
    const std::size_t vocabulary = tokenizer->info().vocabulary;
    Tokens tokens;
    for (const dom::element one : list) {
        const std::string place = fmt::format("tokens[{}]", tokens.size());
        std::int64_t id = 0;
        if (one.get_int64().get(id) != simdjson::SUCCESS) {
            return fail_field(place, fmt::format("'{}' must be a token id", place));
        }
        if (id < 0 || static_cast<std::uint64_t>(id) >= vocabulary) {
            return fail_field(place, fmt::format("{} is {}, and the vocabulary of '{}' has the ids 0 to {}", place, id,
                                                 model.name, vocabulary - 1));
        }
        tokens.push_back(static_cast<tokenizer::TokenId>(id));
    }
    auto text = tokenizer->decode(tokens, Specials::as_tokens);
    if (!text) return fail_field("tokens", text.error().message);
    std::string out;
    json::ObjectWriter object(out);
    object.field("prompt", *text);
    object.close();
    return json_response(std::move(out));
}

// `chat` is a chat completion's body, made of what the caller sent.
Result<token_service::Count> count_chat(const Model& model, const std::string& chat) {
    openai::PromptParts parts;
    FOREBAY_TRY(const auto parsed, openai::parse_request(openai::Endpoint::chat_completions, chat, &parts));
    return model.tokens->counter->count({parsed.endpoint, parts, chat});
}

Result<net::Response> count(const serving::Routes& routes, TokenEndpoint endpoint, const std::string& body) {
    const bool anthropic = endpoint == TokenEndpoint::count_anthropic;
    FOREBAY_TRY(const std::string chat,
                anthropic ? token_service::chat_of_anthropic(body) : token_service::chat_of_responses(body));
    static thread_local dom::parser parser;
    FOREBAY_TRY(const dom::element request, parse(parser, chat));
    FOREBAY_TRY(const Model model, model_of(routes, request));
    FOREBAY_TRY(const auto counted, count_chat(model, chat));
    std::string out;
    json::ObjectWriter object(out);
    if (!anthropic) object.field("object", "response.input_tokens");
    object.field("input_tokens", counted.tokens);
    object.close();
    auto response = json_response(std::move(out));
    response.headers.add("x-forebay-token-count", counted.exact ? "exact" : "estimate");
    response.headers.add("x-forebay-tokenizer", model.tokens->counter->name());
    return response;
}

std::string_view anthropic_type(unsigned status) {
    switch (status) {
        case 401: return "authentication_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 413: return "request_too_large";
        case 503: return "overloaded_error";
        case 504: return "timeout_error";
        default: return status < 500 ? "invalid_request_error" : "api_error";
    }
}

}  // namespace

std::optional<TokenEndpoint> token_endpoint_of(std::string_view path) {
    if (path == "/tokenize" || path == "/v1/tokenize") return TokenEndpoint::tokenize;
    if (path == "/detokenize" || path == "/v1/detokenize") return TokenEndpoint::detokenize;
    if (path == "/v1/messages/count_tokens") return TokenEndpoint::count_anthropic;
    if (path == "/v1/responses/input_tokens") return TokenEndpoint::count_responses;
    return std::nullopt;
}

std::string_view name_of(TokenEndpoint endpoint) {
    switch (endpoint) {
        case TokenEndpoint::tokenize: return "tokenize";
        case TokenEndpoint::detokenize: return "detokenize";
        case TokenEndpoint::count_anthropic: return "messages.count_tokens";
        case TokenEndpoint::count_responses: return "responses.input_tokens";
    }
    return "tokenize";
}

Result<net::Response> token_response(const serving::Routes& routes, TokenEndpoint endpoint, const std::string& body) {
    if (body.size() > routes.text_bytes_max) {
        return fail(Code::too_large, "the body has {} bytes; tokenizers.text_bytes_max allows {}", body.size(),
                    routes.text_bytes_max);
    }
    switch (endpoint) {
        case TokenEndpoint::tokenize: return tokenize(routes, body);
        case TokenEndpoint::detokenize: return detokenize(routes, body);
        default: return count(routes, endpoint, body);
    }
}

exec::Task<Result<net::Response>> answer_token_request(exec::Pool& pool, serving::RoutesPtr routes,
                                                       TokenEndpoint endpoint, const std::string& body) {
    const auto work = [routes, endpoint, &body] { return token_response(*routes, endpoint, body); };
    co_return co_await pool.run(work);
}

net::Response token_error_response(TokenEndpoint endpoint, const Error& error, std::string_view request_id) {
    auto response = runtime::error_response(error);
    if (endpoint != TokenEndpoint::count_anthropic) return response;
    response.body.clear();
    json::ObjectWriter object(response.body);
    object.field("type", "error");
    object.key("error");
    json::ObjectWriter inner(response.body);
    inner.field("type", anthropic_type(response.status));
    inner.field("message", error.message);
    inner.close();
    object.field("request_id", request_id);
    object.close();
    return response;
}

}  // namespace forebay::gateway
