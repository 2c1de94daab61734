#include "serving/error_answer.h"

#include "net/sse.h"
#include "openai/error_object.h"
#include "runtime/error_response.h"

namespace forebay::serving {

void add_call_headers(const Call& call, net::Headers& headers) {
    const auto elapsed = SteadyClock::now() - call.timing.received;
    headers.add("x-request-id", call.id);
    headers.add("openai-processing-ms",
                std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()));
    if (call.route) headers.add("x-forebay-target", call.route->target);
}

void answer_with_error(Call& call, const Error& error) {
    call.error = error;
    if (call.exchange.answered()) {
        call.pending.stream_tail.clear();
        net::append_event(call.pending.stream_tail, openai::error_body(error));
        return;
    }
    call.pending.whole = runtime::error_response(error);
    add_call_headers(call, call.pending.whole.headers);
    if (call.outcome != Outcome::client_closed && call.outcome != Outcome::slow_client) {
        call.status = call.pending.whole.status;
    }
}

Error end_error(const Call& call, const Error& error) {
    switch (call.exchange.end()) {
        case net::EndReason::deadline:
            return {Code::deadline_exceeded, "the call ran out of time (server.request_timeout)", {}};
        case net::EndReason::shutdown: return {Code::resource_exhausted, "the server is stopping; try again", {}};
        default: return error;
    }
}

}  // namespace forebay::serving
