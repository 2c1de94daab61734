#include "net/client_connection.h"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <cerrno>

#include "exec/cancel.h"

namespace forebay::net {

using exec::Task;

ClientConnection::ClientConnection(exec::IoThread& thread, const HttpClient::Options& options)
    : exec::Watch(thread.watches()),
      thread_(thread),
      options_(options),
      socket_(thread.context()),
      resolver_(thread.context()) {}

void ClientConnection::on_expired() {
    timed_out_ = true;
    resolver_.cancel();
    close();
}

void ClientConnection::close() {
    IoError ignored;
    (tls_ ? tls_->next_layer() : socket_).close(ignored);
}

Error ClientConnection::failure(std::string_view what, const IoError& error) const {
    const std::string authority = options_.url.authority();
    if (timed_out_)
        return {Code::deadline_exceeded, fmt::format("the upstream {} timed out while {}", authority, what), {}};
    // The limits' close() and a cancelled call both end a wait with operation_aborted.
    if (error == asio::error::operation_aborted) return {Code::cancelled, "the call was cancelled", {}};
    return {
        Code::unavailable, fmt::format("the upstream {} failed while {}: {}", authority, what, error.message()), {}};
}

Task<Result<void>> ClientConnection::open(TlsContext tls) {
    set_in(options_.connect_timeout);
    FOREBAY_CO_TRY_VOID(co_await connect());
    IoError ignored;
    socket_.set_option(Tcp::no_delay(true), ignored);
    if (tls) {
        tls_ = std::make_unique<TlsSocket>(std::move(socket_), *tls);
        tls_->set_verify_callback(asio::ssl::host_name_verification(options_.url.host));
        SSL_set_tlsext_host_name(tls_->native_handle(), options_.url.host.c_str());
        auto [error] = co_await tls_->async_handshake(TlsSocket::client, as_result);
        if (error) co_return std::unexpected(failure("shaking hands for TLS", error));
    }
    clear();
    co_return Result<void>{};
}

Task<Result<void>> ClientConnection::connect() {
    IoError not_an_address;
    const auto address = asio::ip::make_address(options_.url.host, not_an_address);
    if (not_an_address) co_return co_await resolve_and_connect();
    const Tcp::endpoint endpoint(address, options_.url.port);
    auto [error] = co_await socket_.async_connect(endpoint, as_result);
    if (error) co_return std::unexpected(failure("connecting", error));
    co_return Result<void>{};
}

Task<Result<void>> ClientConnection::resolve_and_connect() {
    const std::string service = std::to_string(options_.url.port);
    auto [unresolved, found] = co_await resolver_.async_resolve(options_.url.host, service, as_result);
    // The system's resolver heeds neither limit nor cancellation; what came meanwhile holds now.
    if (timed_out_ || co_await exec::is_cancelled()) {
        co_return std::unexpected(failure("resolving its name", asio::error::operation_aborted));
    }
    if (unresolved) co_return std::unexpected(failure("resolving its name", unresolved));
    auto [error, endpoint] = co_await asio::async_connect(socket_, found, as_result);
    if (error) co_return std::unexpected(failure("connecting", error));
    co_return Result<void>{};
}

Task<Result<void>> ClientConnection::write(std::string_view head, std::string_view body) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
    set_in(options_.first_byte_timeout);
    IoError error;
    std::size_t sent = 0;
    if (tls_) {
        std::tie(error, sent) = co_await asio::async_write(*tls_, buffers, as_result);
    } else {
        std::tie(error, sent) = co_await asio::async_write(socket_, buffers, as_result);
    }
    clear();
    if (error) co_return std::unexpected(failure("sending the request", error));
    co_return Result<void>{};
}

Task<Result<void>> ClientConnection::read(ResponseParser& parser) {
    if (co_await exec::is_cancelled()) co_return fail(Code::cancelled, "the call was cancelled");
    auto space = buffer_.prepare(read_bytes);
    set_in(answered_ ? options_.idle_timeout : options_.first_byte_timeout);
    IoError error;
    std::size_t got = 0;
    if (tls_) {
        std::tie(error, got) = co_await tls_->async_read_some(space, as_result);
    } else {
        std::tie(error, got) = co_await socket_.async_read_some(space, as_result);
    }
    clear();
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
        if (!answered_ || !parser.got_some()) co_return std::unexpected(failure("waiting for its answer", error));
        ParseError cut;
        parser.put_eof(cut);
        if (!cut) co_return Result<void>{};
        co_return fail(Code::bad_upstream, "the upstream {} closed the connection in the middle of its answer",
                       options_.url.authority());
    }
    if (error) {
        Error failed = failure(answered_ ? "answering" : "waiting for its answer", error);
        if (answered_ && failed.code == Code::unavailable) failed.code = Code::bad_upstream;
        co_return std::unexpected(std::move(failed));
    }
    answered_ = true;
    buffer_.commit(got);
    co_return parse(parser);
}

Result<void> ClientConnection::parse(ResponseParser& parser) {
    answered_ = answered_ || buffer_.size() > 0;
    if (const ParseError fault = parser.feed(buffer_)) {
        return fail(Code::bad_upstream, "the upstream {} did not answer in valid HTTP/1.1: {}",
                    options_.url.authority(), fault.message());
    }
    return {};
}

bool ClientConnection::is_quiet() {
    if (buffer_.size() > 0) return false;
    auto& socket = tls_ ? tls_->next_layer() : socket_;
    if (!socket.is_open()) return false;
    char byte = 0;
    return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace forebay::net
