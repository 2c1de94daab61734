// Socket types on the project's executor, for the files of net/ only.
#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "base/clock.h"
#include "exec/task.h"

namespace forebay::net {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using TcpSocket = asio::basic_stream_socket<Tcp, exec::Executor>;
using TlsSocket = asio::ssl::stream<TcpSocket>;
using Acceptor = asio::basic_socket_acceptor<Tcp, exec::Executor>;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, exec::Executor>;
using IoError = boost::system::error_code;

// co_await operation(..., as_result) gives (error, value) and does not throw.
inline constexpr auto as_result = asio::as_tuple(exec::await);

inline TcpSocket& tcp_of(TcpSocket& socket) { return socket; }
inline TcpSocket& tcp_of(TlsSocket& socket) { return socket.next_layer(); }

// How much one read takes from a socket at most.
inline constexpr std::size_t read_bytes = 16 * 1024;

}  // namespace forebay::net
