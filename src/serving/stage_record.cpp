#include <algorithm>

#include "base/json.h"
#include "journal/journal.h"
#include "serving/stages.h"

namespace forebay::serving {
namespace {

// Under the journal's own limit of 64 MiB a record.
constexpr std::size_t record_bytes_max = 60ull * 1024 * 1024;

double millis(SteadyClock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

void append_gaps(std::string& out, std::vector<std::uint32_t>& gaps) {
    std::ranges::sort(gaps);
    const auto at = [&](double share) {
        const auto index = static_cast<std::size_t>(share * static_cast<double>(gaps.size() - 1));
        return static_cast<double>(gaps[index]) / 1000.0;
    };
    double sum = 0;
    for (const std::uint32_t gap : gaps) sum += gap;
    json::ObjectWriter object(out);
    object.field("count", gaps.size());
    object.field("mean_ms", sum / 1000.0 / static_cast<double>(gaps.size()));
    object.field("p50_ms", at(0.5));
    object.field("p99_ms", at(0.99));
    object.field("max_ms", at(1.0));
    object.close();
}

void append_timing(std::string& out, Timing& timing, const std::optional<openai::WorkerTimings>& worker) {
    json::ObjectWriter object(out);
    const auto span = [&](std::string_view name, SteadyClock::time_point from, SteadyClock::time_point to) {
        if (from != SteadyClock::time_point() && to >= from) object.field(name, millis(to - from));
    };
    object.field("total_ms", millis(SteadyClock::now() - timing.received));
    span("upstream_sent_ms", timing.received, timing.sent_upstream);
    span("upstream_head_ms", timing.sent_upstream, timing.first_byte);
    span("ttft_ms", timing.received, timing.first_token);
    if (worker) {
        object.field("queue_ms", worker->queue_ms);
        object.field("prefill_ms", worker->prefill_ms);
        object.field("decode_ms", worker->decode_ms);
    }
    if (!timing.gaps_micros.empty()) {
        object.key("token_gaps");
        append_gaps(out, timing.gaps_micros);
    }
    object.close();
}

void append_usage(std::string& out, const openai::Usage& usage) {
    json::ObjectWriter object(out);
    object.field("prompt_tokens", usage.prompt_tokens);
    object.field("completion_tokens", usage.completion_tokens);
    if (usage.cached_tokens) object.field("cached_tokens", *usage.cached_tokens);
    if (usage.reasoning_tokens) object.field("reasoning_tokens", *usage.reasoning_tokens);
    object.close();
}

// The parameters that the caller set; they stay when messages are left out of the record.
void append_params(std::string& out, const openai::RequestBody& request) {
    json::ObjectWriter object(out);
    const auto field = [&](std::string_view name, const auto& value) {
        if (value) object.field(name, *value);
    };
    field("temperature", request.temperature);
    field("top_p", request.top_p);
    field("min_p", request.min_p);
    field("top_k", request.top_k);
    field("presence_penalty", request.presence_penalty);
    field("frequency_penalty", request.frequency_penalty);
    field("seed", request.seed);
    field("n", request.n);
    field("max_tokens", request.tokens_max);
    if (!request.stop.empty()) object.field("stop_sequences", request.stop.size());
    if (request.logprobs) object.field("top_logprobs", request.top_logprobs);
    if (request.has_tools) object.field("tools", true);
    if (!request.response_format.empty()) object.field("response_format", request.response_format);
    if (request.messages > 0) object.field("messages", request.messages);
    object.close();
}

void append_attempts(std::string& out, const std::vector<Attempt>& attempts) {
    out.push_back('[');
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        if (i > 0) out.push_back(',');
        json::ObjectWriter object(out);
        object.field("target", attempts[i].target);
        object.field("status", attempts[i].status);
        if (!attempts[i].error.empty()) object.field("error", attempts[i].error);
        object.close();
    }
    out.push_back(']');
}

void append_error(std::string& out, const Call& call) {
    json::ObjectWriter object(out);
    object.field("code", call.error ? name_of(call.error->code) : "upstream");
    object.field("message", call.error ? call.error->message : call.upstream_error);
    if (call.error && !call.error->param.empty()) object.field("param", call.error->param);
    object.close();
}

void append_counted(std::string& out, const Counted& counted) {
    json::ObjectWriter object(out);
    object.field("prompt_tokens", counted.count.tokens);
    object.field("exact", counted.count.exact);
    if (!counted.count.exact) object.field("why", counted.count.why);
    object.field("tokenizer", counted.counter->name());
    object.field("micros", counted.micros);
    object.close();
}

void append_client(std::string& out, Call& call) {
    const auto& request = call.exchange.request();
    json::ObjectWriter object(out);
    object.field("peer", request.peer);
    for (const auto& [name, header] :
         {std::pair{"user_agent", "user-agent"}, std::pair{"traceparent", "traceparent"}}) {
        if (const auto value = request.headers.find(header)) object.field(name, *value);
    }
    object.close();
}

// A JSON value as it is, on one line: line ends outside of strings are blanks, and inside they are escaped.
void append_on_one_line(std::string& out, std::string_view value) {
    const std::size_t begin = out.size();
    out += value;
    for (std::size_t at = out.find_first_of("\r\n", begin); at != std::string::npos;
         at = out.find_first_of("\r\n", at)) {
        out[at] = ' ';
    }
}

// The record, one JSON object; docs/guide/journal.md lists its fields. The caller's body and a whole
// answer are JSON already and go in as they are.
std::string to_json(Call& call, bool content) {
    std::string out;
    const std::string& answer = call.answer_json.empty() ? call.pending.whole.body : call.answer_json;
    out.reserve(1024 + (content && call.body ? call.body->size() + answer.size() : 0));
    json::ObjectWriter object(out);
    object.field("v", 1);
    object.field("id", call.id);
    object.field("time", format_utc(call.started_micros));
    object.field("endpoint", openai::name_of(call.endpoint));
    object.field("model", call.request.model);
    object.field("stream", call.request.stream);
    object.field("status", call.status);
    object.field("outcome", name_of(call.outcome));
    if (!call.finish_reason.empty()) object.field("finish_reason", call.finish_reason);
    if (call.route) object.field("target", call.route->target);
    if (call.route) object.field("target_model", call.route->model);
    if (!call.model_used.empty()) object.field("model_used", call.model_used);
    if (!call.upstream_id.empty()) object.field("upstream_id", call.upstream_id);
    if (call.routes) object.field("config", call.routes->revision);
    if (call.key) {
        object.key("key");
        json::ObjectWriter key(out);
        key.field("id", call.key->id);
        key.field("name", call.key->name);
        key.close();
    }
    object.key("params");
    append_params(out, call.request);
    object.key("client");
    append_client(out, call);
    if (const Counted* counted = find_counted(call)) {
        object.key("counted");
        append_counted(out, *counted);
    }
    if (call.usage) {
        object.key("usage");
        append_usage(out, *call.usage);
    }
    object.key("timing");
    append_timing(out, call.timing, call.worker_timings);
    object.key("bytes");
    json::ObjectWriter bytes(out);
    bytes.field("in", call.exchange.request().wire_bytes);
    bytes.field("out", call.exchange.bytes_sent() + call.pending.whole.body.size() + call.pending.stream_tail.size());
    bytes.close();
    if (!call.attempts.empty()) {
        object.key("attempts");
        append_attempts(out, call.attempts);
    }
    if (call.error || !call.upstream_error.empty()) {
        object.key("error");
        append_error(out, call);
    }
    if (content && call.body) {
        object.key("request");
        append_on_one_line(out, *call.body);
    }
    const bool whole = call.outcome == Outcome::ok && !call.pending.whole.body.empty();
    if (content && (whole || !call.answer_json.empty())) {
        object.key("response");
        append_on_one_line(out, answer);
    }
    object.close();
    return out;
}

}  // namespace

exec::Task<Result<void>> record(const Services& services, Call& call) {
    const bool content = call.routes && call.routes->record_content;
    auto line = to_json(call, content);
    // Better a record without its messages than none.
    if (line.size() > record_bytes_max) line = to_json(call, false);
    auto written = co_await services.journal.append(std::move(line));
    if (!written) {
        co_return fail(Code::resource_exhausted,
                       "the call cannot be recorded, and an unrecorded call is not answered: {}",
                       written.error().message);
    }
    co_return Result<void>{};
}

}  // namespace forebay::serving
