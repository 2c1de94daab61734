#include "runtime/supervision.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "base/log.h"
#include "base/random.h"
#include "exec/cancel.h"

namespace forebay::runtime {
namespace {

namespace asio = boost::asio;
using exec::Task;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, exec::Executor>;

constexpr std::chrono::milliseconds backoff_first{100};
constexpr std::chrono::milliseconds backoff_most{30'000};
constexpr std::chrono::seconds healthy_after{60};  // a life this long starts the backoff anew
constexpr std::chrono::seconds child_drain{10};
constexpr std::chrono::seconds remote_interval{2};

std::vector<std::string> worker_arguments(const std::string& executable, const config::RuntimeSettings& settings) {
    return {executable,
            "worker",
            "--supervised",
            "--name",
            settings.name,
            "--model",
            settings.model,
            "--listen",
            "127.0.0.1:0",
            "--slots",
            std::to_string(settings.slots),
            "--context-tokens",
            std::to_string(settings.context_tokens),
            "--threads",
            std::to_string(settings.threads),
            "--queue-calls",
            std::to_string(settings.queue_calls),
            "--batch-tokens",
            std::to_string(settings.batch_tokens),
            "--gpu-layers",
            std::to_string(settings.gpu_layers)};
}

}  // namespace

Supervision::Supervision(exec::IoThreads& threads, std::string executable, config::RuntimeSettings settings,
                         Publish publish)
    : threads_(threads),
      executable_(std::move(executable)),
      settings_(std::move(settings)),
      publish_(std::move(publish)) {
    status_.name = settings_.name;
    this->publish();
}

void Supervision::publish() { publish_(std::make_shared<RuntimeStatus>(status_)); }

void Supervision::drop_client() {
    // The last reference may be with a call under way; its connections close when it ends.
    if (auto client = std::exchange(status_.client, nullptr)) client->retire();
}

void Supervision::become(State state, std::string reason) {
    if (state != State::ready) drop_client();
    status_.state = state;
    status_.reason = std::move(reason);
    publish();
}

Task<bool> Supervision::pause(std::chrono::milliseconds span) {
    if (co_await exec::is_cancelled()) co_return false;
    Timer timer(threads_[0].executor(), span);
    auto [error] = co_await timer.async_wait(asio::as_tuple(exec::await));
    co_return !error;
}

Task<void> Supervision::run() {
    co_await exec::keep_running_when_cancelled();
    if (settings_.url.empty()) {
        co_await run_child();
    } else {
        co_await run_remote();
    }
    drop_client();
}

Task<void> Supervision::run_child() {
    while (co_await live_once()) {
        ++status_.restarts;
        const bool was_healthy =
            ready_since_ != SteadyClock::time_point() && SteadyClock::now() - ready_since_ > healthy_after;
        backoff_ = was_healthy || backoff_.count() == 0 ? backoff_first : std::min(backoff_ * 2, backoff_most);
        if (!co_await pause(backoff_)) break;
    }
}

// Kills a worker whose model takes too long to load.
struct Supervision::LoadLimit final : exec::Watch {
    LoadLimit(exec::Watches& watches, ChildProcess& worker) : exec::Watch(watches), child(worker) {}
    void on_expired() override {
        passed = true;
        child.kill();
    }
    ChildProcess& child;
    bool passed = false;
};

Task<bool> Supervision::live_once() {
    load_failure_.clear();
    ready_since_ = {};
    status_.loaded_share = 0;
    status_.key = config::Secret(random_token(43));
    const ChildProcess::Environment environment{{"FOREBAY_WORKER_KEY", status_.key.reveal()}};
    auto child = ChildProcess::start(threads_[0], worker_arguments(executable_, settings_), environment);
    if (!child) {
        become(State::failed, child.error().message);
        co_return false;
    }
    status_.pid = (*child)->pid();
    if (status_.restarts == 0) become(State::loading, "");
    LoadLimit limit(threads_[0].watches(), **child);
    limit.set_in(settings_.load_timeout);
    co_await follow(**child, limit);
    if (limit.passed) {
        load_failure_ = fmt::format("its model did not load within {} s (load_timeout)",
                                    std::chrono::duration<double>(settings_.load_timeout).count());
    }
    status_.pid = 0;
    if (co_await exec::is_cancelled()) {
        become(State::stopping, "");
        co_await stop(**child);
        co_return false;
    }
    auto how = co_await (*child)->ended(Deadline::in(std::chrono::seconds(5)));
    if (!load_failure_.empty()) {
        log::error("runtime '{}' failed: {}", settings_.name, load_failure_);
        become(State::failed, load_failure_);
        co_return false;
    }
    const std::string reason = "its worker " + how.value_or("closed its output");
    log::warning("runtime '{}': {}; starting it again", settings_.name, reason);
    become(State::restarting, reason);
    co_return true;
}

// Reads what the worker says until it ends, or until we are cancelled.
Task<void> Supervision::follow(ChildProcess& child, LoadLimit& limit) {
    while (!co_await exec::is_cancelled()) {
        auto line = co_await child.read_line();
        if (!line) co_return;
        take_line(*line);
        if (status_.state == State::ready) limit.clear();
    }
}

void Supervision::take_line(const std::string& line) {
    boost::system::error_code error;
    const auto value = boost::json::parse(line, error);
    if (error || !value.is_object()) {
        log::info("runtime '{}' says: {}", settings_.name, line);
        return;
    }
    const auto& object = value.get_object();
    const auto text = [&](std::string_view name) {
        const auto* found = object.if_contains(name);
        return found && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    const std::string event = text("event");
    if (event == "listening") {
        port_url_ = text("url");
    } else if (event == "loading") {
        if (const auto* share = object.if_contains("share")) status_.loaded_share = share->to_number<double>(error);
        publish();
    } else if (event == "failed") {
        load_failure_ = text("reason");
    } else if (event == "ready") {
        auto client = make_client(port_url_ + "/v1");
        if (!client) {
            load_failure_ = client.error().message;
            return;
        }
        status_.client = std::move(*client);
        if (const auto* model = object.if_contains("model")) status_.model_json = boost::json::serialize(*model);
        status_.loaded_share = 1;
        ready_since_ = SteadyClock::now();
        log::info("runtime '{}' is ready: {}", settings_.name, status_.model_json);
        become(State::ready, "");
    }
}

Result<std::shared_ptr<net::HttpClient>> Supervision::make_client(const std::string& url) {
    FOREBAY_TRY(auto parsed, net::parse_url(url));
    net::HttpClient::Options options;
    options.url = std::move(parsed);
    FOREBAY_TRY(auto client, net::HttpClient::create(threads_, std::move(options)));
    return std::shared_ptr<net::HttpClient>(std::move(client));
}

Task<void> Supervision::stop(ChildProcess& child) {
    child.ask_to_stop();
    auto how = co_await child.ended(Deadline::in(child_drain));
    if (how) co_return;
    log::warning("runtime '{}': its worker did not stop within {} s and is killed", settings_.name,
                 child_drain.count());
    child.kill();
    auto killed = co_await child.ended(Deadline::in(std::chrono::seconds(5)));
    static_cast<void>(killed);
}

namespace {

Task<Result<void>> ask_ready(net::HttpClient& client, exec::IoThread& thread) {
    net::ClientRequest request{.method = "GET", .path = "/models", .headers = {}, .body = nullptr};
    FOREBAY_CO_TRY(auto response, co_await client.send(thread, std::move(request)));
    FOREBAY_CO_TRY(auto body, co_await response->read_all(1024 * 1024));
    if (response->status() != 200) co_return fail(Code::unavailable, "it answers {} to /v1/models", response->status());
    co_return Result<void>{};
}

}  // namespace

Task<void> Supervision::run_remote() {
    auto client = make_client(settings_.url + "/v1");
    if (!client) {
        become(State::failed, client.error().message);
        co_return;
    }
    status_.key = settings_.api_key;
    std::shared_ptr<net::HttpClient> kept = std::move(*client);
    do {
        auto ready = co_await ask_ready(*kept, threads_[0]);
        if (ready && status_.state != State::ready) {
            status_.client = kept;
            become(State::ready, "");
        } else if (!ready && status_.state != State::restarting) {
            status_.client = nullptr;
            become(State::restarting, ready.error().message);
        }
    } while (co_await pause(remote_interval));
    status_.client = kept;
}

}  // namespace forebay::runtime
