#include <algorithm>

#include "base/json.h"
#include "openai/body_edit.h"
#include "openai/error_object.h"
#include "serving/error_answer.h"
#include "serving/stages.h"
#include "serving/stream_relay.h"

namespace forebay::serving {
namespace {

using exec::Task;
using ResponsePtr = std::unique_ptr<net::ClientResponse>;

// The body as this target must get it: its own name for the model, and usage always asked for, because
// the journal needs it. Null edits keep the caller's bytes.
std::shared_ptr<const std::string> body_for(const Call& call, const Route& route) {
    std::vector<openai::Edit> edits;
    if (route.model != call.request.model) edits.push_back({"model", json::quote(route.model)});
    if (call.request.stream && !call.request.include_usage) {
        const auto options = openai::field_text(*call.body, "stream_options");
        const bool is_object = options && options->starts_with('{');
        edits.push_back({"stream_options", is_object ? openai::edit_object(*options, {{"include_usage", "true"}})
                                                     : std::string(R"({"include_usage":true})")});
    }
    if (edits.empty()) return call.body;
    return std::make_shared<const std::string>(openai::edit_object(*call.body, edits));
}

providers::UpstreamCall upstream_call(const Call& call, const Route& route) {
    providers::UpstreamCall out;
    out.endpoint = call.endpoint;
    out.body = body_for(call, route);
    out.stream = call.request.stream;
    out.request_id = call.id;
    out.traceparent = call.exchange.request().headers.find("traceparent").value_or("");
    return out;
}

Task<Result<ResponsePtr>> ask_runtime(const Services& services, Call& call, const Route& route) {
    const auto status = services.fleet.find(route.runtime);
    if (!status || status->state != runtime::State::ready) {
        const std::string_view state = status ? runtime::name_of(status->state) : "stopped";
        const bool soon = status && status->state != runtime::State::failed;
        const std::string reason = status && !status->reason.empty() ? ": " + status->reason : "";
        co_return fail(soon ? Code::resource_exhausted : Code::unavailable, "the runtime '{}' is {}{}", route.runtime,
                       state, reason);
    }
    auto sent = upstream_call(call, route);
    const auto client = status->client;  // lives on while the answer is read
    co_return co_await providers::send_call(*client, call.exchange.thread(), status->key, std::move(sent));
}

Task<Result<ResponsePtr>> ask(const Services& services, Call& call, const Route& route) {
    call.timing.sent_upstream = SteadyClock::now();
    if (!route.provider) co_return co_await ask_runtime(services, call, route);
    auto sent = upstream_call(call, route);
    co_return co_await providers::send_call(*route.provider->client, call.exchange.thread(),
                                            route.provider->settings.api_key, std::move(sent));
}

// Whether another target may do better with the same request.
bool worth_another_target(unsigned status) { return status == 429 || status == 401 || status == 403 || status >= 500; }

// Asks the targets that the prompt fits, in order; the last one's answer stands, whatever it is.
Task<Result<ResponsePtr>> ask_targets(const Services& services, Call& call) {
    const auto& routes = call.routes->models.find(call.request.model)->second;
    Result<ResponsePtr> answer;
    for (std::size_t i = call.first_target; i < routes.size(); ++i) {
        if (i > call.first_target) {
            auto fitting = co_await fits(services, call, routes[i]);
            if (!fitting) {
                call.attempts.push_back({routes[i].target, 0, "not asked: " + fitting.error().message});
                continue;
            }
        }
        answer = ResponsePtr();  // the one before ends its connection
        call.route = &routes[i];
        answer = co_await ask(services, call, routes[i]);
        call.timing.first_byte = SteadyClock::now();
        const unsigned status = answer ? (*answer)->status() : 0;
        call.attempts.push_back({routes[i].target, status, answer ? std::string() : answer.error().message});
        const bool given_up = !answer && answer.error().code == Code::cancelled;
        if (given_up || (answer && !worth_another_target(status))) break;
    }
    co_return answer;
}

void copy_header(const net::Headers& from, std::string_view name, net::Headers& to, std::string_view as) {
    if (const auto value = from.find(name)) to.add(as, *value);
}

// Status and headers of the target's answer towards the client. Our own credentials' failure is not the
// caller's 401.
net::Response head_for(const Call& call, const net::ClientResponse& answer) {
    net::Response head;
    head.status = answer.status();
    copy_header(answer.headers(), "content-type", head.headers, "content-type");
    for (const std::string_view name : {"retry-after", "retry-after-ms", "x-should-retry"}) {
        copy_header(answer.headers(), name, head.headers, name);
    }
    copy_header(answer.headers(), "x-request-id", head.headers, "x-forebay-upstream-request-id");
    add_call_headers(call, head.headers);
    return head;
}

Task<Result<void>> pass_error(const Services& services, Call& call, net::ClientResponse& answer) {
    FOREBAY_CO_TRY(std::string body, co_await answer.read_all(services.response_bytes_max));
    const auto error = openai::read_error(body);
    call.upstream_error = error ? error->message : "";
    call.outcome = Outcome::upstream_error;
    const unsigned status = answer.status();
    if (status == 401 || status == 403) {
        co_return fail(Code::bad_upstream, "the target {} refused this gateway's own credentials with {}",
                       call.route->target, status);
    }
    const bool passes = error && error->is_object && status >= 400;
    if (!passes && status < 500) {
        co_return fail(Code::bad_upstream, "the target {} answered {} without an error object", call.route->target,
                       status);
    }
    call.pending.whole = head_for(call, answer);
    call.pending.whole.headers.set("content-type", "application/json");
    if (passes) {
        call.pending.whole.body = std::move(body);
    } else {
        const std::string said = error ? ": " + error->message : "";
        call.pending.whole.body =
            openai::error_body(fmt::format("the target {} answered {}{}", call.route->target, status, said),
                               "upstream_error", "", "upstream_error");
    }
    call.status = status;
    if (status == 503 && !call.pending.whole.headers.find("retry-after"))
        call.pending.whole.headers.add("retry-after", "1");
    co_return Result<void>{};
}

Task<Result<void>> take_whole(const Services& services, Call& call, net::ClientResponse& answer) {
    FOREBAY_CO_TRY(std::string body, co_await answer.read_all(services.response_bytes_max));
    FOREBAY_CO_TRY(auto reading, openai::read_answer(body));
    if (reading.is_error) {
        co_return fail(Code::bad_upstream, "the target {} answered 200 with an error: {}", call.route->target,
                       reading.error_message);
    }
    call.timing.first_token = call.timing.last_token = SteadyClock::now();
    call.finish_reason = std::move(reading.finish_reason);
    call.usage = reading.usage;
    call.worker_timings = reading.timings;
    call.model_used = std::move(reading.model);
    call.upstream_id = std::move(reading.upstream_id);
    call.status = answer.status();
    call.pending.whole = head_for(call, answer);
    call.pending.whole.body = std::move(body);
    co_return Result<void>{};
}

}  // namespace

Task<Result<void>> generate(const Services& services, Call& call) {
    FOREBAY_CO_TRY(auto answer, co_await ask_targets(services, call));
    if (answer->status() != 200) co_return co_await pass_error(services, call, *answer);
    if (!call.request.stream) co_return co_await take_whole(services, call, *answer);
    const auto type = answer->headers().find("content-type").value_or("");
    if (!type.starts_with("text/event-stream")) {
        co_return fail(Code::bad_upstream, "the target {} answered a streamed call with '{}' instead of a stream",
                       call.route->target, type);
    }
    auto head = head_for(call, *answer);
    head.headers.add("cache-control", "no-cache");
    head.headers.add("x-accel-buffering", "no");
    StreamRelay relay(call, *answer, services.response_bytes_max);
    co_return co_await relay.run(std::move(head));
}

}  // namespace forebay::serving
