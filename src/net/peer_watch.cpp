#include "net/peer_watch.h"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>

namespace forebay::net {
namespace {

constexpr std::chrono::milliseconds probe_interval{250};

}  // namespace

PeerWatch::PeerWatch(exec::Watches& watches, TcpSocket& socket, std::function<void()> on_left)
    : exec::Watch(watches), socket_(socket), on_left_(std::move(on_left)) {}

void PeerWatch::start() {
    watching_ = true;
    if (waiting_) return;
    waiting_ = true;
    auto readable = [this](const IoError& error) { on_readable(error); };
    socket_.async_wait(TcpSocket::wait_read, asio::bind_cancellation_slot(cancel_wait_.slot(), std::move(readable)));
}

void PeerWatch::stop() {
    watching_ = false;
    clear();
}

exec::Task<void> PeerWatch::settled() {
    stop();
    if (!waiting_) co_return;
    cancel_wait_.emit(asio::cancellation_type::terminal);
    while (waiting_) co_await asio::post(co_await asio::this_coro::executor, exec::await);
}

void PeerWatch::on_readable(const IoError& error) {
    waiting_ = false;
    if (!watching_ || error) return;
    if (peer_has_left()) {
        stop();
        on_left_();
        return;
    }
    set_in(probe_interval);
}

void PeerWatch::on_expired() {
    if (!watching_) return;
    if (peer_has_left()) {
        stop();
        on_left_();
        return;
    }
    set_in(probe_interval);
}

bool PeerWatch::peer_has_left() {
    pollfd asked{socket_.native_handle(), POLLRDHUP, 0};
    if (::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) return true;
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace forebay::net
