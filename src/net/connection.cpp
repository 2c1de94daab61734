#include "net/connection.h"

#include <array>
#include <boost/beast/http/error.hpp>

#include "base/log.h"
#include "exec/cancel.h"
#include "net/parsers.h"
#include "net/response_head.h"

namespace forebay::net {
namespace {

using exec::Task;

// How long a refused client may go on sending before the connection is closed under it; without this, a
// reset could overtake the answer.
constexpr std::chrono::seconds linger{2};

enum class Received { request, refused, closed };

std::string peer_name(TcpSocket& socket) {
    IoError error;
    const auto peer = socket.remote_endpoint(error);
    return error ? std::string("unknown") : fmt::format("{}:{}", peer.address().to_string(), peer.port());
}

template <class Stream>
class Connection final : public Exchange, private exec::Watch, private ConnectionHome::Open {
public:
    Connection(ConnectionHome& home, Stream& stream, exec::TaskGroup::Member member)
        : exec::Watch(home.thread.watches()),
          home_(home),
          limits_(home.options.limits),
          stream_(stream),
          member_(member),
          peer_(peer_name(tcp_of(stream))),
          call_watch_(home.thread.watches(), *this),
          peer_watch_(home.thread.watches(), tcp_of(stream), [this] { end_call(EndReason::client_left); }) {
        home_.all.push_back(*this);
    }

    Task<void> serve();

    Request& request() override { return request_; }
    exec::IoThread& thread() override { return home_.thread; }
    SteadyClock::time_point received_at() const override { return received_at_; }
    Deadline deadline() const override { return Deadline(received_at_ + limits_.request_timeout); }
    EndReason end() const override { return end_; }
    std::uint64_t bytes_sent() const override { return bytes_sent_; }
    bool answered() const override { return answered_; }

    Task<Result<void>> send(Response response) override;
    Task<Result<void>> begin_stream(Response head) override;
    Task<Result<void>> write(std::string_view piece) override;
    Task<Result<void>> finish_stream() override;

private:
    // The limit on the whole call, beside the limit on the current phase that Connection itself is.
    struct CallWatch final : exec::Watch {
        CallWatch(exec::Watches& watches, Connection& its_owner) : exec::Watch(watches), owner(its_owner) {}
        void on_expired() override { owner.end_call(EndReason::deadline); }
        Connection& owner;
    };

    Task<void> serve_requests();
    Task<Received> receive();
    Task<Received> refuse(unsigned status, std::string_view message);
    Task<void> run_handler();
    Task<void> linger_and_close();
    Task<Result<void>> write_all(std::array<asio::const_buffer, 3> buffers);
    std::optional<std::string> fault_of(const RequestParser& parser) const;

    void end_call(EndReason reason);
    void on_expired() override;  // the phase took too long
    void close_when_idle() override {
        if (phase_ == Phase::idle) close();
    }
    void end_for_shutdown() override {
        if (phase_ == Phase::call) {
            end_call(EndReason::shutdown);
        } else {
            close();
        }
    }
    void close() {
        IoError ignored;
        tcp_of(stream_).close(ignored);
    }

    enum class Phase { idle, reading, call, writing };

    ConnectionHome& home_;
    const config::ServerSettings& limits_;
    Stream& stream_;
    const exec::TaskGroup::Member member_;
    const std::string peer_;

    boost::beast::flat_buffer buffer_;
    Request request_;
    SteadyClock::time_point received_at_{};
    Phase phase_ = Phase::idle;
    EndReason end_ = EndReason::none;
    bool keep_alive_ = true;
    bool broken_ = false;
    bool answered_ = false;
    bool streaming_ = false;
    bool chunked_ = true;  // false towards HTTP/1.0: the end of the connection ends the body
    bool head_only_ = false;
    std::uint64_t bytes_sent_ = 0;
    std::string head_;  // reused from answer to answer
    CallWatch call_watch_;
    PeerWatch peer_watch_;
};

template <class Stream>
void Connection<Stream>::on_expired() {
    if (phase_ == Phase::writing || phase_ == Phase::reading) home_.stats.slow_clients.fetch_add(1);
    if (phase_ == Phase::writing) end_ = EndReason::slow_client;
    close();
}

template <class Stream>
void Connection<Stream>::end_call(EndReason reason) {
    if (end_ != EndReason::none) return;
    end_ = reason;
    keep_alive_ = false;
    home_.group.cancel(member_);
}

template <class Stream>
Task<void> Connection<Stream>::serve() {
    try {
        co_await serve_requests();
    } catch (const std::exception& bug) {
        // Out of memory, in all likelihood; this connection ends, and in order.
        log::error("a connection from {} ended with: {}", peer_, bug.what());
        end_ = EndReason::client_left;
    }
    co_await peer_watch_.settled();
    if constexpr (std::is_same_v<Stream, TlsSocket>) {
        if (tcp_of(stream_).is_open() && end_ == EndReason::none) {
            set_in(std::chrono::seconds(2));
            auto ignored = co_await stream_.async_shutdown(as_result);
            static_cast<void>(ignored);
        }
    }
    clear();
    close();
}

template <class Stream>
Task<void> Connection<Stream>::serve_requests() {
    while (keep_alive_) {
        const Received received = co_await receive();
        if (received == Received::refused) co_await linger_and_close();
        if (received != Received::request) co_return;
        co_await run_handler();
    }
}

template <class Stream>
std::optional<std::string> Connection<Stream>::fault_of(const RequestParser& parser) const {
    if (parser.version() == 11 && request_.headers.count("host") != 1) {
        return "an HTTP/1.1 request has exactly one Host header";
    }
    if (request_.headers.count("transfer-encoding") > 0 && !parser.chunked()) {
        return "the only transfer-encoding understood is 'chunked'";
    }
    return std::nullopt;
}

template <class Stream>
Task<Received> Connection<Stream>::receive() {
    RequestParser parser(limits_.header_bytes_max, limits_.body_bytes_max);
    phase_ = Phase::idle;
    set_in(limits_.idle_timeout);
    bool head_seen = false;
    for (;;) {
        if (buffer_.size() > 0 && phase_ == Phase::idle) {
            phase_ = Phase::reading;
            set_in(limits_.header_timeout);
        }
        if (const ParseError error = parser.feed(buffer_)) {
            home_.stats.requests_malformed.fetch_add(1, std::memory_order_relaxed);
            if (error == http::error::header_limit) {
                co_return co_await refuse(431, "the request's headers are larger than this server accepts");
            }
            if (error == http::error::body_limit) {
                co_return co_await refuse(413, "the request's body is larger than this server accepts");
            }
            co_return co_await refuse(400, "this is not a valid HTTP/1.1 request: " + error.message());
        }
        if (parser.is_header_done() && !head_seen) {
            head_seen = true;
            received_at_ = SteadyClock::now();
            set_in(limits_.body_timeout);
            const auto expect = parser.request().headers.find("expect");
            if (expect && equal_ignoring_case(*expect, "100-continue") && !parser.is_done()) {
                static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                auto [error, sent] = co_await asio::async_write(stream_, asio::buffer(go_on), as_result);
                if (error) co_return Received::closed;
            }
        }
        if (parser.is_done()) break;
        auto space = buffer_.prepare(read_bytes);
        auto [error, got] = co_await stream_.async_read_some(space, as_result);
        if (error) co_return Received::closed;
        buffer_.commit(got);
    }
    clear();
    request_ = std::move(parser.request());
    request_.peer = peer_;
    head_only_ = request_.method == "HEAD";
    keep_alive_ = parser.keep_alive();
    chunked_ = parser.version() == 11;
    if (const auto fault = fault_of(parser)) co_return co_await refuse(400, *fault);
    co_return Received::request;
}

template <class Stream>
Task<Received> Connection<Stream>::refuse(unsigned status, std::string_view message) {
    keep_alive_ = false;
    answered_ = false;
    auto response = home_.options.error_body(status, message);
    auto sent = co_await send(std::move(response));
    co_return sent ? Received::refused : Received::closed;
}

template <class Stream>
Task<void> Connection<Stream>::run_handler() {
    home_.stats.requests.fetch_add(1, std::memory_order_relaxed);
    phase_ = Phase::call;
    end_ = EndReason::none;
    answered_ = streaming_ = false;
    bytes_sent_ = 0;
    call_watch_.set(received_at_ + limits_.request_timeout);
    peer_watch_.start();
    bool failed = false;
    try {
        co_await home_.handler(*this);
    } catch (const std::exception& bug) {
        log::error("bug: the handler of {} {} threw: {}", request_.method, request_.path(), bug.what());
        failed = true;
    }
    peer_watch_.stop();
    call_watch_.clear();
    if (streaming_) keep_alive_ = false;  // the handler left its stream open: the client sees it cut
    if (!answered_ && end_ != EndReason::client_left) {
        if (!failed) log::error("bug: the handler left {} {} unanswered", request_.method, request_.path());
        co_await refuse(500, "the server had an internal error");
    }
    if (end_ != EndReason::none) keep_alive_ = false;
}

template <class Stream>
Task<void> Connection<Stream>::linger_and_close() {
    IoError ignored;
    tcp_of(stream_).shutdown(TcpSocket::shutdown_send, ignored);
    phase_ = Phase::idle;
    set_in(linger);
    std::array<char, 4096> thrown_away;
    for (;;) {
        auto [error, got] = co_await stream_.async_read_some(asio::buffer(thrown_away), as_result);
        if (error) break;
    }
    clear();
}

template <class Stream>
Task<Result<void>> Connection<Stream>::write_all(std::array<asio::const_buffer, 3> buffers) {
    if (broken_ || end_ == EndReason::client_left || end_ == EndReason::slow_client) {
        co_return fail(Code::cancelled, "the client has left");
    }
    const Phase before = std::exchange(phase_, Phase::writing);
    // The limit is on standing still: it begins anew with each piece that the kernel takes.
    auto each_piece = [this](const IoError& failed, std::size_t done) {
        set_in(limits_.write_timeout);
        return asio::transfer_all()(failed, done);
    };
    auto [error, sent] = co_await asio::async_write(stream_, buffers, std::move(each_piece), as_result);
    clear();
    phase_ = before;
    bytes_sent_ += sent;
    if (!error) co_return Result<void>{};
    keep_alive_ = false;
    broken_ = true;  // a piece may be half written: nothing that follows would make sense
    if (end_ == EndReason::none) end_ = EndReason::client_left;
    // The handler may ignore this error and wait for something else next: that wait must end at once.
    home_.group.cancel(member_);
    co_return fail(Code::cancelled, "the client has left");
}

template <class Stream>
Task<Result<void>> Connection<Stream>::send(Response response) {
    FOREBAY_CHECK(!answered_);
    answered_ = true;
    if (home_.draining.load(std::memory_order_relaxed)) keep_alive_ = false;
    write_head(head_, response, keep_alive_, response.body.size());
    const std::string_view body = head_only_ ? std::string_view() : std::string_view(response.body);
    std::array<asio::const_buffer, 3> buffers{asio::buffer(head_), asio::buffer(body), {}};
    co_return co_await write_all(buffers);
}

template <class Stream>
Task<Result<void>> Connection<Stream>::begin_stream(Response head) {
    FOREBAY_CHECK(!answered_);
    answered_ = streaming_ = true;
    if (home_.draining.load(std::memory_order_relaxed) || !chunked_) keep_alive_ = false;
    write_stream_head(head_, head, keep_alive_, chunked_);
    std::array<asio::const_buffer, 3> buffers{asio::buffer(head_), {}, {}};
    co_return co_await write_all(buffers);
}

template <class Stream>
Task<Result<void>> Connection<Stream>::write(std::string_view piece) {
    if (piece.empty()) co_return Result<void>{};
    std::array<asio::const_buffer, 3> buffers{asio::buffer(piece), {}, {}};
    std::array<char, 20> size_line;
    if (chunked_) {
        const auto end = fmt::format_to_n(size_line.data(), size_line.size(), "{:x}\r\n", piece.size()).out;
        const auto line_size = static_cast<std::size_t>(end - size_line.data());
        buffers = {asio::buffer(size_line.data(), line_size), asio::buffer(piece), asio::buffer("\r\n", 2)};
    }
    co_return co_await write_all(buffers);
}

template <class Stream>
Task<Result<void>> Connection<Stream>::finish_stream() {
    streaming_ = false;
    if (!chunked_) co_return Result<void>{};
    std::array<asio::const_buffer, 3> buffers{asio::buffer("0\r\n\r\n", 5), {}, {}};
    co_return co_await write_all(buffers);
}

// Counts a connection out however its coroutine ends.
class CountedConnection {
public:
    explicit CountedConnection(ServerStats& stats) : stats_(stats) {}
    ~CountedConnection() { stats_.connections_open.fetch_sub(1); }
    CountedConnection(const CountedConnection&) = delete;
    CountedConnection& operator=(const CountedConnection&) = delete;

private:
    ServerStats& stats_;
};

Task<void> serve_tls(ConnectionHome& home, TcpSocket socket, TlsContext context, exec::TaskGroup::Member member) {
    // A handshake under way: limited in time, and ended when the server stops.
    struct Handshake final : exec::Watch, ConnectionHome::Open {
        Handshake(ConnectionHome& home, TlsSocket& its_stream)
            : exec::Watch(home.thread.watches()), stream(its_stream) {
            home.all.push_back(*this);
        }
        void on_expired() override { end_for_shutdown(); }
        void close_when_idle() override { end_for_shutdown(); }
        void end_for_shutdown() override {
            IoError ignored;
            stream.next_layer().close(ignored);
        }
        TlsSocket& stream;
    };
    TlsSocket stream(std::move(socket), *context);
    {
        Handshake limit(home, stream);
        limit.set_in(home.options.limits.header_timeout);
        auto [error] = co_await stream.async_handshake(TlsSocket::server, as_result);
        if (error) co_return;
    }
    Connection<TlsSocket> connection(home, stream, member);
    co_await connection.serve();
}

Task<void> serve_tcp(ConnectionHome& home, TcpSocket socket, exec::TaskGroup::Member member) {
    Connection<TcpSocket> connection(home, socket, member);
    co_await connection.serve();
}

}  // namespace

Task<void> serve_connection(ConnectionHome& home, TcpSocket socket, TlsContext tls, exec::TaskGroup::Member member) {
    // What is cancelled is the call, not its journal record nor the error that tells the client.
    co_await exec::keep_running_when_cancelled();
    const CountedConnection counted(home.stats);
    if (tls) {
        co_await serve_tls(home, std::move(socket), std::move(tls), member);
    } else {
        co_await serve_tcp(home, std::move(socket), member);
    }
}

}  // namespace forebay::net
