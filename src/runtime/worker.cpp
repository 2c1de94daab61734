#include "runtime/worker.h"

#include <atomic>
#include <mutex>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "exec/wait.h"
#include "runtime/error_response.h"
#include "runtime/worker_calls.h"
#include "runtime/worker_metrics.h"

namespace forebay::runtime {

using exec::Task;

struct Worker::Impl {
    explicit Impl(WorkerOptions given)
        : options(std::move(given)),
          threads(1),
          server(
              threads,
              {.listen = options.listen, .limits = options.limits, .tls = std::nullopt, .error_body = refusal_response},
              [this](net::Exchange& exchange) { return answer(exchange); }),
          metrics(registry, [this] { return engine.load(); }) {}

    Task<void> answer(net::Exchange& exchange);
    Task<void> answer_v1(net::Exchange& exchange, std::string_view path);
    net::Response readiness();
    std::string model_object() const;
    net::Response model_list() const;
    bool has_key(const net::Request& request) const;

    const WorkerOptions options;
    exec::IoThreads threads;
    std::atomic<engine::Engine*> engine{nullptr};
    std::atomic<bool> draining{false};
    std::atomic<std::int64_t> calls_under_way{0};
    std::mutex reason_mutex;
    std::string failure;  // why the model could not be loaded
    metrics::Registry registry;
    net::HttpServer server;
    WorkerMetrics metrics;
};

net::Response Worker::Impl::readiness() {
    net::Response response;
    response.headers.add("content-type", "application/json");
    const std::lock_guard lock(reason_mutex);
    const bool ready = engine.load() != nullptr && !draining.load();
    json::ObjectWriter object(response.body);
    object.field("status", !failure.empty() ? "failed" : draining.load() ? "draining" : ready ? "ready" : "starting");
    if (!failure.empty()) object.field("reason", failure);
    object.close();
    response.status = ready ? 200 : 503;
    if (!ready) response.headers.add("retry-after", "1");
    return response;
}

std::string Worker::Impl::model_object() const {
    std::string out;
    json::ObjectWriter model(out);
    model.field("id", options.name);
    model.field("object", "model");
    model.field("created", 0);
    model.field("owned_by", "forebay");
    model.close();
    return out;
}

net::Response Worker::Impl::model_list() const {
    net::Response response;
    response.headers.add("content-type", "application/json");
    response.body = R"({"object":"list","data":[)" + model_object() + "]}";
    return response;
}

bool Worker::Impl::has_key(const net::Request& request) const {
    if (options.key.empty()) return true;
    const auto header = request.headers.find("authorization");
    static constexpr std::string_view scheme = "Bearer ";
    return header && header->starts_with(scheme) &&
           equal_constant_time(header->substr(scheme.size()), options.key.reveal());
}

Task<void> Worker::Impl::answer_v1(net::Exchange& exchange, std::string_view path) {
    const auto& request = exchange.request();
    net::Response response;
    engine::Engine* const model = engine.load();
    const bool chat = path == "/v1/chat/completions", completions = path == "/v1/completions";
    if (!has_key(request)) {
        response = error_response({Code::unauthenticated, "the worker's key is missing or wrong", {}});
    } else if (path == "/v1/models" && request.method == "GET") {
        response = model_list();
    } else if (path.starts_with("/v1/models/") && request.method == "GET") {
        const bool known = path.substr(11) == options.name;
        response = model_list();
        response.body = model_object();
        if (!known) response = error_response({Code::not_found, "no such model", "model"});
    } else if ((chat || completions) && request.method == "POST") {
        if (model && !draining.load()) {
            calls_under_way.fetch_add(1);
            co_await answer_generation(*model, options.name,
                                       chat ? openai::Endpoint::chat_completions : openai::Endpoint::completions,
                                       exchange);
            calls_under_way.fetch_sub(1);
            co_return;
        }
        response = error_response(
            {Code::resource_exhausted, draining.load() ? "the runtime is stopping" : "the model is still loading", {}});
    } else {
        response = error_response({Code::not_found, "this worker has no such endpoint", {}});
        if (chat || completions || path == "/v1/models") response.status = 405;
    }
    add_request_id(request, response.headers);
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

Task<void> Worker::Impl::answer(net::Exchange& exchange) {
    const std::string path(exchange.request().path());
    if (path.starts_with("/v1/")) {
        co_await answer_v1(exchange, path);
        co_return;
    }
    net::Response response;
    if (path == "/healthz") {
        response.headers.add("content-type", "application/json");
        response.body = R"({"status":"ok"})";
    } else if (path == "/readyz") {
        response = readiness();
    } else if (path == "/metrics") {
        response.headers.add("content-type", "text/plain; version=0.0.4");
        response.body = registry.render();
    } else {
        response = error_response({Code::not_found, "this worker has no such endpoint", {}});
        add_request_id(exchange.request(), response.headers);
    }
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

Worker::Worker(WorkerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Worker::~Worker() = default;

Result<std::uint16_t> Worker::start_blocking() {
    impl_->threads.start();
    auto port = impl_->server.start_blocking();
    if (!port) impl_->threads.stop_blocking();
    return port;
}

void Worker::serve_model(engine::Engine& engine) { impl_->engine.store(&engine); }

void Worker::fail_model(std::string reason) {
    const std::lock_guard lock(impl_->reason_mutex);
    impl_->failure = std::move(reason);
}

void Worker::stop_blocking(std::chrono::milliseconds drain) {
    impl_->draining.store(true);
    impl_->server.drain();
    exec::wait_until_blocking([this] { return impl_->calls_under_way.load() == 0; }, Deadline::in(drain));
    impl_->server.stop_blocking(std::chrono::seconds(5));
    impl_->threads.stop_blocking();
}

}  // namespace forebay::runtime
