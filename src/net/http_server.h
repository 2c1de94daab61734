// HTTP/1.1 server: keep-alive, pipelined requests answered in order, chunked and sized bodies, limits,
// slow-client protection, TLS, drain.
//
// Owner    app/ (gateway) or runtime/ (worker); the IoThreads and the handler outlive it.
// Threads  start(), drain and stop from the main thread; the handler runs on each connection's I/O thread.
// Limits   config::ServerSettings. Header bytes above: 431. Body bytes above: 413. A connection above
//          connections_max is closed at once and counted.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "base/error.h"
#include "config/settings.h"
#include "exec/io_threads.h"
#include "net/exchange.h"

namespace forebay::net {

// Answers one request. What it leaves unanswered becomes a 500.
using Handler = std::function<exec::Task<void>(Exchange&)>;
// The body of an answer that the server itself must give (400, 408, 413, 431, 500): kept in one place with
// the gateway's error table.
using ErrorBody = std::function<Response(unsigned status, std::string_view message)>;

struct ServerStats {
    std::atomic<std::uint64_t> connections_accepted{0};
    std::atomic<std::uint64_t> connections_refused{0};  // above connections_max
    std::atomic<std::int64_t> connections_open{0};
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> requests_malformed{0};
    std::atomic<std::uint64_t> slow_clients{0};  // cut for not reading or not sending
};

class HttpServer {
public:
    struct Options {
        config::ListenAddress listen;
        config::ServerSettings limits;
        std::optional<config::TlsSettings> tls;
        ErrorBody error_body;
    };
    HttpServer(exec::IoThreads& threads, Options options, Handler handler);
    ~HttpServer();

    // Binds one listener per I/O thread (SO_REUSEPORT) and starts to accept. Returns the port. Call it
    // after threads.start(). invalid_argument: bad address or certificate; unavailable: port in use.
    Result<std::uint16_t> start_blocking();

    // From now on each answer says "connection: close"; idle connections are closed.
    void drain();
    // Closes the listeners, cancels calls under way with EndReason::shutdown, and waits for them. Blocks.
    void stop_blocking(std::chrono::milliseconds patience);

    const ServerStats& stats() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace forebay::net
