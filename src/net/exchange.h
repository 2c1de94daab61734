// Exchange: one request and the answer to it, on one connection.
//
// Owner    the server; valid until the handler returns.
// Threads  the connection's I/O thread.
// Cancel   when the client leaves, the call's deadline passes or the server stops, the handler's
//          coroutine is cancelled (exec/cancel.h) and end() says why. Writing stays possible except to a
//          client that left.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "exec/io_threads.h"
#include "exec/task.h"
#include "net/http.h"

namespace forebay::net {

// Why a call ended before its answer was whole.
enum class EndReason { none, client_left, slow_client, deadline, shutdown };

class Exchange {
public:
    virtual ~Exchange() = default;

    virtual Request& request() = 0;
    virtual exec::IoThread& thread() = 0;
    virtual SteadyClock::time_point received_at() const = 0;  // when the request's head was whole
    virtual Deadline deadline() const = 0;
    virtual EndReason end() const = 0;
    // Body bytes and heads handed to the kernel for this answer.
    virtual std::uint64_t bytes_sent() const = 0;
    // Whether a head has been written: after that the status can no longer change.
    virtual bool answered() const = 0;

    // The whole answer. cancelled: the client left or was too slow; nothing more can be sent.
    virtual exec::Task<Result<void>> send(Response response) = 0;

    // An answer in pieces (chunked). Each write waits until the kernel has taken it, which is the
    // backpressure: a slow reader slows its writer.
    virtual exec::Task<Result<void>> begin_stream(Response head) = 0;
    virtual exec::Task<Result<void>> write(std::string_view piece) = 0;  // `piece` lives until it returns
    virtual exec::Task<Result<void>> finish_stream() = 0;
    // A handler that returns without it leaves the stream cut: no last chunk, connection closed.
};

}  // namespace forebay::net
