#include "gateway/gateway.h"

#include "base/random.h"
#include "gateway/models.h"
#include "gateway/readiness.h"
#include "runtime/error_response.h"
#include "serving/authenticate.h"

namespace forebay::gateway {
namespace {

using exec::Task;

// Every answer has a request id; a call's own is there already.
Task<void> send(net::Exchange& exchange, net::Response response) {
    if (!response.headers.find("x-request-id")) response.headers.add("x-request-id", new_request_id());
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

// The paths of calls, with "/v1" and, as LiteLLM's users have them, without.
std::optional<openai::Endpoint> endpoint_of(std::string_view path) {
    if (path.starts_with("/v1/")) path.remove_prefix(3);
    if (path == "/chat/completions") return openai::Endpoint::chat_completions;
    if (path == "/completions") return openai::Endpoint::completions;
    return std::nullopt;
}

net::Response wrong_method(std::string_view allowed) {
    auto response =
        runtime::error_response({Code::invalid_argument, fmt::format("this endpoint takes {} only", allowed), {}});
    response.status = 405;
    response.headers.add("allow", allowed);
    return response;
}

}  // namespace

Gateway::Gateway(const serving::Services& services, keys::KeyRing& keys, metrics::Registry& registry)
    : services_(services),
      keys_(keys),
      registry_(registry),
      refused_keys_(registry.counter("forebay_keys_refused_total", "Requests without a valid key.")) {
    for (std::size_t i = 0; i < tokenizations_.size(); ++i) {
        const std::string name(name_of(static_cast<TokenEndpoint>(i)));
        tokenizations_[i] = &registry.counter("forebay_tokenizations_total", "Texts counted or tokenized on request.",
                                              {{"endpoint", name}});
    }
}

Task<void> Gateway::answer(net::Exchange& exchange) {
    const auto& request = exchange.request();
    const std::string_view path = request.path();
    if (const auto endpoint = endpoint_of(path)) {
        if (request.method == "POST") {
            co_await answer_call(*endpoint, exchange);
        } else {
            co_await send(exchange, wrong_method("POST"));
        }
        co_return;
    }
    if (const auto endpoint = token_endpoint_of(path)) {
        if (request.method == "POST") {
            co_await answer_tokens(*endpoint, exchange);
        } else {
            co_await send(exchange, wrong_method("POST"));
        }
        co_return;
    }
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const bool models = path == "/v1/models" || path.starts_with("/v1/models/") || path == "/models";
    if (models || path == "/healthz" || path == "/readyz" || path == "/metrics") {
        if (!reads) {
            co_await send(exchange, wrong_method("GET"));
        } else if (models) {
            co_await answer_models(exchange, path);
        } else if (path == "/metrics") {
            co_await answer_metrics(exchange);
        } else if (path == "/readyz") {
            co_await send(exchange, readiness());
        } else {
            net::Response alive;
            alive.headers.add("content-type", "application/json");
            alive.body = R"({"status":"ok"})";
            co_await send(exchange, std::move(alive));
        }
        co_return;
    }
    const std::string nothing = fmt::format("there is no endpoint {} {}", request.method, path);
    auto response = runtime::error_response({Code::not_found, nothing, {}});
    co_await send(exchange, std::move(response));
}

net::Response Gateway::readiness() const {
    return readiness_response(started_.load(), draining_.load(), services_.fleet.all());
}

Task<void> Gateway::answer_call(openai::Endpoint endpoint, net::Exchange& exchange) {
    serving::Call call(exchange);
    call.id = new_request_id();
    call.endpoint = endpoint;
    call.timing.received = exchange.received_at();
    call.started_micros = unix_micros_now();
    auto key = co_await serving::authenticate(keys_, exchange);
    if (!key || draining_.load(std::memory_order_relaxed)) {
        if (!key) refused_keys_.Increment();
        const Error stopping{Code::resource_exhausted, "the server is stopping; try again", {}};
        auto refused = runtime::error_response(key ? stopping : key.error());
        refused.headers.add("x-request-id", call.id);
        co_await send(exchange, std::move(refused));
        co_return;
    }
    call.key = std::move(*key);
    auto request = openai::parse_request(endpoint, exchange.request().body, &call.parts);
    if (!request) {
        co_await serving::refuse_call(services_, call, request.error());
        co_return;
    }
    call.request = std::move(*request);
    call.body = std::make_shared<const std::string>(std::move(exchange.request().body));
    co_await serving::serve_call(services_, call);
}

Task<void> Gateway::answer_tokens(TokenEndpoint endpoint, net::Exchange& exchange) {
    const std::string id = new_request_id();
    auto key = co_await serving::authenticate(keys_, exchange);
    net::Response response;
    if (!key) {
        refused_keys_.Increment();
        response = token_error_response(endpoint, key.error(), id);
    } else {
        tokenizations_[static_cast<std::size_t>(endpoint)]->Increment();
        const std::string& body = exchange.request().body;
        auto answered = co_await answer_token_request(services_.token_pool, services_.routes.get(), endpoint, body);
        response = answered ? std::move(*answered) : token_error_response(endpoint, answered.error(), id);
    }
    response.headers.add("x-request-id", id);
    co_await send(exchange, std::move(response));
}

Task<void> Gateway::answer_models(net::Exchange& exchange, std::string_view path) {
    auto key = co_await serving::authenticate(keys_, exchange);
    net::Response response;
    if (!key) {
        refused_keys_.Increment();
        response = runtime::error_response(key.error());
    } else {
        static constexpr std::string_view one = "/v1/models/";
        const auto routes = services_.routes.get();
        response =
            path.starts_with(one) ? model_response(*routes, path.substr(one.size())) : model_list_response(*routes);
    }
    co_await send(exchange, std::move(response));
}

Task<void> Gateway::answer_metrics(net::Exchange& exchange) {
    if (!serving::is_from_loopback(exchange.request())) {
        auto key = co_await serving::authenticate(keys_, exchange);
        if (!key) {
            co_await send(exchange, runtime::error_response(key.error()));
            co_return;
        }
    }
    net::Response response;
    response.headers.add("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = registry_.render();
    co_await send(exchange, std::move(response));
}

}  // namespace forebay::gateway
