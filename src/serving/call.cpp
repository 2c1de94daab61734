// A call's life, top to bottom.
#include "serving/call.h"

#include "openai/error_object.h"
#include "serving/call_metrics.h"
#include "serving/error_answer.h"
#include "serving/stages.h"

namespace forebay::serving {

using exec::Task;

std::string_view name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::ok: return "ok";
        case Outcome::refused: return "refused";
        case Outcome::upstream_error: return "upstream_error";
        case Outcome::client_closed: return "client_closed";
        case Outcome::slow_client: return "slow_client";
        case Outcome::deadline: return "deadline";
        case Outcome::shutdown: return "shutdown";
    }
    return "refused";
}

namespace {

// Why the exchange ended early, if it did, outranks what the stages made of it.
void settle_outcome(Call& call) {
    switch (call.exchange.end()) {
        case net::EndReason::none: break;
        case net::EndReason::client_left: call.outcome = Outcome::client_closed; break;
        case net::EndReason::slow_client: call.outcome = Outcome::slow_client; break;
        case net::EndReason::deadline: call.outcome = Outcome::deadline; break;
        case net::EndReason::shutdown: call.outcome = Outcome::shutdown; break;
    }
    if (call.outcome == Outcome::client_closed || call.outcome == Outcome::slow_client) call.status = 499;
}

Task<Result<void>> run_stages(const Services& services, Call& call) {
    FOREBAY_CO_TRY_VOID(admit(services, call));
    FOREBAY_CO_TRY_VOID(co_await measure(services, call));
    FOREBAY_CO_TRY_VOID(co_await generate(services, call));
    co_return Result<void>{};
}

Task<void> end_call(const Services& services, Call& call) {
    settle_outcome(call);
    auto recorded = co_await record(services, call);
    if (!recorded) answer_with_error(call, recorded.error());
    services.metrics.count(call);
    co_await deliver(call);
    services.metrics.end();
}

}  // namespace

Task<void> serve_call(const Services& services, Call& call) {
    services.metrics.begin();
    auto done = co_await run_stages(services, call);
    if (!done) {
        const bool ours = done.error().code == Code::not_found || done.error().code == Code::invalid_argument;
        call.outcome = ours ? Outcome::refused : Outcome::upstream_error;
        answer_with_error(call, end_error(call, done.error()));
    }
    co_await end_call(services, call);
}

Task<void> refuse_call(const Services& services, Call& call, Error error) {
    services.metrics.begin();
    call.routes = services.routes.get();
    call.outcome = Outcome::refused;
    answer_with_error(call, error);
    co_await end_call(services, call);
}

}  // namespace forebay::serving
