// Peer watch: notices that a client has gone while nobody reads from it, because the call is being worked on.
//
// A readable socket that yields nothing is a closed one. One that yields bytes (a pipelined request, a TLS
// record) says nothing about the end behind them, so from then on the kernel is asked four times a second.
#pragma once
#include <boost/asio/cancellation_signal.hpp>
#include <functional>

#include "exec/watches.h"
#include "net/socket.h"

namespace forebay::net {

class PeerWatch final : private exec::Watch {
public:
    // `on_left` is called at most once per start(); it outlives the watch.
    PeerWatch(exec::Watches& watches, TcpSocket& socket, std::function<void()> on_left);

    void start();
    // After it returns on_left is not called. The coroutine that owns the socket must co_await settled()
    // before it destroys the watch: a wait that was cancelled still has its completion to run.
    void stop();
    exec::Task<void> settled();

private:
    void on_expired() override;
    void on_readable(const IoError& error);
    bool peer_has_left();

    TcpSocket& socket_;
    const std::function<void()> on_left_;
    asio::cancellation_signal cancel_wait_;
    bool watching_ = false;
    bool waiting_ = false;  // a wait is registered with the reactor
};

}  // namespace forebay::net
