// Tasks: the coroutine type of the project, on one concrete executor so that an await costs no type
// erasure.
//
// Threads  a Task runs on the io_context that it was spawned on, from its first line to its last; an
//          await may leave that thread (offload, journal) but always comes back to it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace forebay::asio {
using namespace boost::asio;  // NOLINT: the project's one name for Asio
}

namespace forebay::exec {

using Executor = boost::asio::io_context::executor_type;

template <class T>
using Task = boost::asio::awaitable<T, Executor>;

inline constexpr boost::asio::use_awaitable_t<Executor> await{};

}  // namespace forebay::exec
