// Call: everything known of one call while it is served, and what its journal record is made of.
//
// Threads  one I/O thread from its first stage to its last.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exec/pool.h"
#include "keys/key_ring.h"
#include "net/exchange.h"
#include "openai/answer.h"
#include "openai/request.h"
#include "runtime/fleet.h"
#include "serving/routes.h"

namespace forebay::journal {
class Journal;
}

namespace forebay::serving {

class CallMetrics;

// What the stages use; app/ builds it, and it outlives every call.
struct Services {
    journal::Journal& journal;
    runtime::Fleet& fleet;
    const RouteTable& routes;
    CallMetrics& metrics;
    std::uint64_t response_bytes_max;  // of a whole answer from a target
    exec::Pool& token_pool;            // counts prompts that would hold an I/O thread up
};

// One target asked, or passed over.
struct Attempt {
    std::string target;
    unsigned status = 0;  // 0: no answer
    std::string error;
};

// The prompt as one of the model's counters counts it.
struct Counted {
    const token_service::ChatCounter* counter = nullptr;  // of a route
    token_service::Count count;
    std::uint32_t micros = 0;
};

struct Timing {
    SteadyClock::time_point received{};
    SteadyClock::time_point sent_upstream{};  // of the attempt that answered
    SteadyClock::time_point first_byte{};     // of the target's answer
    SteadyClock::time_point first_token{};    // written towards the client
    SteadyClock::time_point last_token{};
    std::vector<std::uint32_t> gaps_micros;  // between content chunks
};

// How the call ended. `outcome` in the record.
enum class Outcome { ok, refused, upstream_error, client_closed, slow_client, deadline, shutdown };
std::string_view name_of(Outcome outcome);

// The answer as far as it has not been sent: everything for a whole answer, the end of a stream.
struct Pending {
    net::Response whole;      // when no stream has begun
    std::string stream_tail;  // "data: [DONE]" and what else belongs to the last bytes
};

struct Call {
    explicit Call(net::Exchange& its_exchange) : exchange(its_exchange) {}

    // Given.
    net::Exchange& exchange;
    std::string id;  // also the x-request-id header
    keys::KeyPtr key;
    openai::Endpoint endpoint = openai::Endpoint::chat_completions;
    openai::RequestBody request;
    openai::PromptParts parts;
    std::shared_ptr<const std::string> body;  // as the caller sent it; null when it was not valid

    // Found on the way.
    std::int64_t started_micros = 0;  // unix time
    RoutesPtr routes;
    const Route* route = nullptr;  // the one that answered or was asked last; points into routes
    std::size_t first_target = 0;  // the first one that the prompt fits
    std::vector<Counted> counted;  // by each counter that was needed
    std::vector<Attempt> attempts;
    Timing timing;
    unsigned status = 0;
    Outcome outcome = Outcome::ok;
    std::optional<Error> error;
    std::string upstream_error;  // an error object's message that was passed through
    std::string finish_reason;
    std::optional<openai::Usage> usage;
    std::optional<openai::WorkerTimings> worker_timings;
    std::string model_used, upstream_id;
    std::string answer_json;  // a JSON value: the whole answer, or what a stream added up to
    Pending pending;
};

// Serves one call: the stages in order, then its record, then its last bytes. Never fails: an error is an
// answer too.
exec::Task<void> serve_call(const Services& services, Call& call);

// The answer for a call that never reached its stages (bad key, bad body), recorded like any other.
exec::Task<void> refuse_call(const Services& services, Call& call, Error error);

}  // namespace forebay::serving
