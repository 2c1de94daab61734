// Cancellation: what a coroutine asks before it starts to wait for something that may take long.
//
// Asio's rule is that a cancelled coroutine throws at its next await. Ours must still write its journal
// record then, so a call's coroutine turns that off (keep_running_when_cancelled) and asks instead.
#pragma once
#include <boost/asio/this_coro.hpp>

#include "exec/task.h"

namespace forebay::exec {

// From now on an await in this coroutine, and in those it awaits, does not throw for a cancellation that
// came earlier.
inline auto keep_running_when_cancelled() { return boost::asio::this_coro::throw_if_cancelled(false); }

// Whether this coroutine has been told to end.
inline Task<bool> is_cancelled() {
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    co_return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace forebay::exec
