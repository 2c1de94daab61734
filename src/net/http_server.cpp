#include "net/http_server.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <future>

#include "base/log.h"
#include "exec/cancel.h"
#include "net/connection.h"

namespace forebay::net {
namespace {

using exec::Task;

// Waits out a shortage of file descriptors before the next accept.
constexpr std::chrono::milliseconds accept_pause{100};
constexpr int backlog = 4096;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// The listener and the connections of one I/O thread.
struct ThreadServer {
    ThreadServer(exec::IoThread& thread, const HttpServer::Options& options, const Handler& handler, ServerStats& stats,
                 const std::atomic<bool>& draining)
        : acceptor(thread.context()),
          group(thread.executor()),
          home{thread, options, handler, stats, group, draining, {}} {}

    Acceptor acceptor;
    exec::TaskGroup group;  // connections and the accept loop
    ConnectionHome home;
};

Task<void> accept_loop(ThreadServer& server, TlsContext tls) {
    auto& home = server.home;
    while (server.acceptor.is_open()) {
        TcpSocket socket(home.thread.context());
        auto [error] = co_await server.acceptor.async_accept(socket, as_result);
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
        if (error) {
            log::warning("accepting a connection failed: {}", error.message());
            Timer pause(co_await asio::this_coro::executor, accept_pause);
            auto waited = co_await pause.async_wait(as_result);
            static_cast<void>(waited);
            continue;
        }
        if (!server.acceptor.is_open()) co_return;  // stopped while this accept was on its way
        home.stats.connections_accepted.fetch_add(1, std::memory_order_relaxed);
        if (home.stats.connections_open.load(std::memory_order_relaxed) >= home.options.limits.connections_max) {
            home.stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
            continue;
        }
        home.stats.connections_open.fetch_add(1, std::memory_order_relaxed);
        IoError ignored;
        socket.set_option(Tcp::no_delay(true), ignored);
        const auto member = server.group.reserve();
        server.group.start(member, serve_connection(home, std::move(socket), tls, member));
    }
}

Result<Tcp::endpoint> endpoint_of(const config::ListenAddress& listen) {
    IoError error;
    const auto address = asio::ip::make_address(listen.host == "localhost" ? "127.0.0.1" : listen.host, error);
    if (error) {
        return fail(Code::invalid_argument, "cannot listen on '{}': it is not an IP address (such as 127.0.0.1 or ::)",
                    listen.host);
    }
    return Tcp::endpoint(address, listen.port);
}

Result<void> listen_on(Acceptor& acceptor, const Tcp::endpoint& endpoint) {
    IoError error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor.set_option(ReusePort(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(backlog, error);
    if (error) {
        return fail(Code::unavailable, "cannot listen on {}:{}: {}; choose another port with 'listen:' or --listen",
                    endpoint.address().to_string(), endpoint.port(), error.message());
    }
    return {};
}

// SO_REUSEPORT would let two servers of one user share a port in silence; a plain bind finds that out.
Result<void> port_is_free(exec::IoThread& thread, const Tcp::endpoint& endpoint) {
    if (endpoint.port() == 0) return {};
    Acceptor probe(thread.context());
    IoError error;
    probe.open(endpoint.protocol(), error);
    if (!error) probe.set_option(Acceptor::reuse_address(true), error);
    if (!error) probe.bind(endpoint, error);
    if (!error) probe.listen(1, error);
    if (error) {
        return fail(Code::unavailable, "cannot listen on {}:{}: {}; choose another port with 'listen:' or --listen",
                    endpoint.address().to_string(), endpoint.port(), error.message());
    }
    return {};
}

}  // namespace

struct HttpServer::Impl {
    Impl(exec::IoThreads& all_threads, Options given, Handler given_handler)
        : threads(all_threads), options(std::move(given)), handler(std::move(given_handler)) {}

    exec::IoThreads& threads;
    const Options options;
    const Handler handler;
    ServerStats stats;
    std::atomic<bool> draining{false};
    std::vector<std::unique_ptr<ThreadServer>> servers;
    bool started = false;
};

HttpServer::HttpServer(exec::IoThreads& threads, Options options, Handler handler)
    : impl_(std::make_unique<Impl>(threads, std::move(options), std::move(handler))) {}

HttpServer::~HttpServer() { FOREBAY_CHECK(!impl_->started); }

const ServerStats& HttpServer::stats() const { return impl_->stats; }

Result<std::uint16_t> HttpServer::start_blocking() {
    TlsContext tls;
    if (impl_->options.tls) {
        FOREBAY_TRY(tls, server_tls(*impl_->options.tls));
    }
    FOREBAY_TRY(auto endpoint, endpoint_of(impl_->options.listen));
    FOREBAY_TRY_VOID(port_is_free(impl_->threads[0], endpoint));
    std::vector<std::unique_ptr<ThreadServer>> servers;
    for (std::size_t i = 0; i < impl_->threads.size(); ++i) {
        servers.push_back(std::make_unique<ThreadServer>(impl_->threads[i], impl_->options, impl_->handler,
                                                         impl_->stats, impl_->draining));
        FOREBAY_TRY_VOID(listen_on(servers.back()->acceptor, endpoint));
        endpoint.port(servers.back()->acceptor.local_endpoint().port());
    }
    impl_->servers = std::move(servers);
    impl_->started = true;
    for (auto& server : impl_->servers) {
        asio::post(server->home.thread.context(),
                   [&server = *server, tls] { server.group.spawn(accept_loop(server, tls)); });
    }
    return endpoint.port();
}

void HttpServer::drain() {
    impl_->draining.store(true);
    for (auto& server : impl_->servers) {
        asio::post(server->home.thread.context(), [&server = *server] {
            for (auto it = server.home.all.begin(); it != server.home.all.end();) (it++)->close_when_idle();
        });
    }
}

namespace {

Task<void> stop_server(ThreadServer& server, Deadline deadline, std::shared_ptr<std::promise<void>> stopped) {
    IoError ignored;
    server.acceptor.close(ignored);
    // Again and again: a connection may be between two states that heed it.
    bool empty = false;
    while (!empty && !deadline.passed()) {
        for (auto it = server.home.all.begin(); it != server.home.all.end();) (it++)->end_for_shutdown();
        empty = co_await server.group.drained(Deadline::in(std::chrono::milliseconds(200)).sooner(deadline));
    }
    stopped->set_value();
}

}  // namespace

void HttpServer::stop_blocking(std::chrono::milliseconds patience) {
    if (!impl_->started) return;
    impl_->started = false;
    impl_->draining.store(true);
    std::vector<std::shared_ptr<std::promise<void>>> stopped;
    for (std::size_t i = 0; i < impl_->servers.size(); ++i) {
        auto& server = *impl_->servers[i];
        stopped.push_back(std::make_shared<std::promise<void>>());
        auto on_end = [](std::exception_ptr) {};
        asio::co_spawn(server.home.thread.context(), stop_server(server, Deadline::in(patience), stopped.back()),
                       on_end);
    }
    for (auto& one : stopped) {
        // The I/O thread gives up by itself at `patience`; the rest is for a thread that is held by a handler.
        if (one->get_future().wait_for(patience + std::chrono::seconds(1)) != std::future_status::ready) {
            log::warning("some connections did not end within {} ms of being cancelled", patience.count());
        }
    }
}

}  // namespace forebay::net
