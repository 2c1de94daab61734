#include "serving/stream_relay.h"

#include <algorithm>

#include "openai/body_edit.h"

namespace forebay::serving {
namespace {

using exec::Task;

constexpr std::size_t event_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t gaps_max = 65'536;  // per call; later ones are not summarised

std::uint32_t micros_between(SteadyClock::time_point from, SteadyClock::time_point to) {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

}  // namespace

StreamRelay::StreamRelay(Call& call, net::ClientResponse& answer, std::uint64_t text_bytes_max)
    : call_(call), answer_(answer), text_bytes_max_(text_bytes_max), parser_(event_bytes_max) {}

Task<Result<void>> StreamRelay::run(net::Response head) {
    auto relayed = co_await relay(std::move(head));
    call_.answer_json = message_.to_json();
    co_return relayed;
}

Task<Result<void>> StreamRelay::relay(net::Response head) {
    net::SseParser::Event event;
    while (!done_) {
        FOREBAY_CO_TRY(const std::string_view piece, co_await answer_.read());
        if (piece.empty()) break;
        FOREBAY_CO_TRY_VOID(parser_.feed(piece));
        Result<void> taken;
        while (taken && !done_ && parser_.next(event)) taken = take_event(event);
        // What came before a fault still reaches the client.
        if (!out_.empty() || (done_ && !call_.exchange.answered())) FOREBAY_CO_TRY_VOID(co_await flush(head));
        if (!taken) co_return taken;
    }
    FOREBAY_CO_TRY_VOID(check_end());
    if (!call_.exchange.answered()) FOREBAY_CO_TRY_VOID(co_await flush(head));
    net::append_event(call_.pending.stream_tail, "[DONE]");
    co_return Result<void>{};
}

Result<void> StreamRelay::take_event(const net::SseParser::Event& event) {
    if (event.data.starts_with("[DONE]")) {
        done_ = true;
        return {};
    }
    FOREBAY_TRY(auto reading, message_.read_chunk(event.data));
    if (reading.is_error || event.name == "error") {
        call_.upstream_error = reading.error_message;
        return fail(Code::bad_upstream, "the target {} ended its stream with an error: {}", call_.route->target,
                    reading.error_message);
    }
    if (message_.text_bytes() > text_bytes_max_) {
        return fail(Code::bad_upstream, "the target {} streamed more than {} bytes of text", call_.route->target,
                    text_bytes_max_);
    }
    if (reading.has_content) note_token();
    if (!reading.finish_reason.empty()) call_.finish_reason = std::move(reading.finish_reason);
    if (reading.timings) call_.worker_timings = reading.timings;
    if (call_.model_used.empty()) call_.model_used = std::move(reading.model);
    if (call_.upstream_id.empty()) call_.upstream_id = std::move(reading.upstream_id);
    if (reading.usage) call_.usage = reading.usage;
    // JSON needs no line ends, and an event with several data lines is more than many clients understand.
    std::string data = event.data;
    std::ranges::replace(data, '\n', ' ');
    if (call_.request.include_usage) {
        net::append_event(out_, data);
    } else if (reading.usage && !reading.has_choices) {
        // The usage chunk that we asked for and the caller did not: its choices are empty, and clients that
        // look at choices[0] would fail on it.
    } else if (openai::field_text(data, "usage")) {
        net::append_event(out_, openai::edit_object(data, {{"usage", std::nullopt}}));
    } else {
        net::append_event(out_, data);
    }
    return {};
}

void StreamRelay::note_token() {
    const auto now = SteadyClock::now();
    auto& timing = call_.timing;
    if (timing.first_token == SteadyClock::time_point()) {
        timing.first_token = now;
    } else if (timing.gaps_micros.size() < gaps_max) {
        timing.gaps_micros.push_back(micros_between(timing.last_token, now));
    }
    timing.last_token = now;
}

Task<Result<void>> StreamRelay::flush(net::Response& head) {
    auto& exchange = call_.exchange;
    if (!exchange.answered()) {
        call_.status = 200;
        FOREBAY_CO_TRY_VOID(co_await exchange.begin_stream(std::move(head)));
    }
    auto written = co_await exchange.write(out_);
    out_.clear();
    co_return written;
}

Result<void> StreamRelay::check_end() const {
    // Some upstreams leave [DONE] out; a finish reason says as well that the answer is whole.
    if (done_ || !call_.finish_reason.empty()) return {};
    return fail(Code::bad_upstream, "the target {} ended its stream in the middle of the answer", call_.route->target);
}

}  // namespace forebay::serving
