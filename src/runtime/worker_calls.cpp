#include "runtime/worker_calls.h"

#include "base/random.h"
#include "net/sse.h"
#include "openai/chunk_writer.h"
#include "openai/error_object.h"
#include "runtime/error_response.h"
#include "runtime/generation.h"

namespace forebay::runtime {
namespace {

using exec::Task;

engine::GenerateRequest to_engine(const openai::RequestBody& request, const std::string& body, Deadline deadline) {
    engine::GenerateRequest out;
    if (request.endpoint == openai::Endpoint::chat_completions) {
        out.chat_json = body;
    } else {
        out.prompt = request.prompt;
    }
    auto& sampling = out.sampling;
    sampling.temperature = static_cast<float>(request.temperature.value_or(1.0));
    sampling.top_p = static_cast<float>(request.top_p.value_or(1.0));
    sampling.min_p = static_cast<float>(request.min_p.value_or(0.0));
    sampling.top_k = static_cast<std::int32_t>(request.top_k.value_or(0));
    sampling.presence_penalty = static_cast<float>(request.presence_penalty.value_or(0.0));
    sampling.frequency_penalty = static_cast<float>(request.frequency_penalty.value_or(0.0));
    sampling.seed = request.seed.value_or(-1);
    for (const auto& [token, bias] : request.logit_bias) sampling.logit_bias[token] = bias;
    out.stop = request.stop;
    out.tokens_max = static_cast<std::int32_t>(request.tokens_max.value_or(-1));
    out.logprobs = request.logprobs;
    out.top_logprobs = static_cast<std::uint32_t>(request.top_logprobs);
    out.echo = request.echo;
    out.deadline = deadline.at();
    return out;
}

std::vector<openai::TokenLogprob> to_openai(const engine::TokenEvent& event) {
    std::vector<openai::TokenLogprob> out;
    for (std::size_t i = 0; i < event.logprobs.size(); ++i) {
        openai::TokenLogprob token{event.logprobs[i].bytes, event.logprobs[i].logprob, {}};
        if (i < event.top_logprobs.size()) {
            for (const auto& other : event.top_logprobs[i]) token.top.push_back({other.bytes, other.logprob, {}});
        }
        out.push_back(std::move(token));
    }
    return out;
}

std::string_view name_of(engine::FinishReason reason) {
    switch (reason) {
        case engine::FinishReason::length: return "length";
        case engine::FinishReason::tool_calls: return "tool_calls";
        default: return "stop";
    }
}

openai::Usage usage_of(const engine::Finish& finish) {
    openai::Usage usage;
    usage.prompt_tokens = finish.prompt_tokens;
    usage.completion_tokens = finish.completion_tokens;
    usage.cached_tokens = finish.cached_tokens;
    return usage;
}

openai::WorkerTimings timings_of(const engine::Finish& finish) {
    const auto millis = [](std::int64_t micros) { return static_cast<double>(micros) / 1000.0; };
    return {millis(finish.queue_micros), millis(finish.prefill_micros), millis(finish.decode_micros)};
}

// The error that a call which did not finish by itself ends with.
Error end_of_call(const net::Exchange& exchange) {
    if (exchange.end() == net::EndReason::deadline) return {Code::deadline_exceeded, "the call ran out of time", {}};
    if (exchange.end() == net::EndReason::shutdown) return {Code::unavailable, "the runtime is stopping", {}};
    return {Code::cancelled, "the call was cancelled", {}};
}

Task<void> answer_whole(Generation& generation, const openai::RequestBody& request, openai::AnswerWriter& writer,
                        net::Exchange& exchange) {
    std::string text;
    std::vector<openai::TokenLogprob> logprobs;
    for (;;) {
        GenerationEvent event = co_await generation.next();
        if (auto* token = std::get_if<engine::TokenEvent>(&event)) {
            text += token->text;
            auto more = to_openai(*token);
            std::ranges::move(more, std::back_inserter(logprobs));
            continue;
        }
        auto* done = std::get_if<Result<engine::Finish>>(&event);
        if (!done) continue;
        net::Response response;
        if (!*done || (*done)->reason == engine::FinishReason::cancelled) {
            response = error_response(*done ? end_of_call(exchange) : done->error());
        } else {
            const auto& finish = **done;
            response.headers.add("content-type", "application/json");
            response.body = writer.whole(text, logprobs, request.logprobs, name_of(finish.reason), usage_of(finish),
                                         timings_of(finish));
        }
        add_request_id(exchange.request(), response.headers);
        auto sent = co_await exchange.send(std::move(response));
        static_cast<void>(sent);
        co_return;
    }
}

Task<Result<void>> begin_events(net::Exchange& exchange) {
    net::Response head;
    head.headers.add("content-type", "text/event-stream");
    head.headers.add("cache-control", "no-cache");
    head.headers.add("x-accel-buffering", "no");
    add_request_id(exchange.request(), head.headers);
    co_return co_await exchange.begin_stream(std::move(head));
}

// The end of a stream: the last chunk, usage when asked for, [DONE]; or the error and no [DONE].
Task<void> end_stream(const Result<engine::Finish>& done, const openai::RequestBody& request,
                      const openai::AnswerWriter& writer, net::Exchange& exchange) {
    std::string out;
    if (!done || done->reason == engine::FinishReason::cancelled) {
        net::append_event(out, openai::error_body(done ? end_of_call(exchange) : done.error()));
    } else {
        net::append_event(out, writer.last_chunk(name_of(done->reason)));
        if (request.include_usage) net::append_event(out, writer.usage_chunk(usage_of(*done), timings_of(*done)));
        net::append_event(out, "[DONE]");
    }
    auto written = co_await exchange.write(out);
    if (!written) co_return;
    auto finished = co_await exchange.finish_stream();
    static_cast<void>(finished);
}

Task<void> answer_stream(Generation& generation, const openai::RequestBody& request, openai::AnswerWriter& writer,
                         net::Exchange& exchange) {
    std::string out;
    for (;;) {
        GenerationEvent event = co_await generation.next();
        if (auto* done = std::get_if<Result<engine::Finish>>(&event)) {
            // An error before the first token can still have its own status.
            if (!*done && !exchange.answered()) {
                auto refused = error_response(done->error());
                add_request_id(exchange.request(), refused.headers);
                auto sent = co_await exchange.send(std::move(refused));
                static_cast<void>(sent);
                co_return;
            }
            if (!exchange.answered()) {
                auto begun = co_await begin_events(exchange);
                if (!begun) co_return;
                out.clear();
                if (const auto first = writer.first_chunk(); !first.empty()) net::append_event(out, first);
                auto written = co_await exchange.write(out);
                static_cast<void>(written);
            }
            co_await end_stream(*done, request, writer, exchange);
            co_return;
        }
        out.clear();
        if (std::holds_alternative<Started>(event)) {
            auto begun = co_await begin_events(exchange);
            static_cast<void>(begun);
            if (const auto first = writer.first_chunk(); !first.empty()) net::append_event(out, first);
        } else {
            const auto& token = std::get<engine::TokenEvent>(event);
            const auto logprobs = to_openai(token);
            if (token.text.empty() && logprobs.empty()) continue;
            net::append_event(out, writer.content_chunk(token.text, logprobs));
        }
        // A write that fails means that the client has left; the connection cancels this call, and its end
        // comes as an event.
        auto written = co_await exchange.write(out);
        static_cast<void>(written);
    }
}

}  // namespace

void add_request_id(const net::Request& request, net::Headers& headers) {
    const auto given = request.headers.find("x-request-id");
    headers.add("x-request-id", given && given->size() <= 128 ? std::string(*given) : new_request_id());
}

Task<void> answer_generation(engine::Engine& engine, const std::string& model_name, openai::Endpoint endpoint,
                             net::Exchange& exchange) {
    auto& body = exchange.request().body;
    auto request = openai::parse_request(endpoint, body);
    if (request) {
        if (auto checked = openai::check_for_worker(*request); !checked) request = std::unexpected(checked.error());
        if (request && request->model != model_name) {
            const std::string text =
                fmt::format("the model '{}' does not exist here; this worker serves '{}'", request->model, model_name);
            request = std::unexpected(Error{Code::not_found, text, "model"});
        }
    }
    Error refused;
    if (request) {
        auto generation = Generation::submit(engine, exchange.thread(), to_engine(*request, body, exchange.deadline()));
        if (generation) {
            const std::string prefix = endpoint == openai::Endpoint::chat_completions ? "chatcmpl-" : "cmpl-";
            openai::AnswerWriter writer(endpoint, prefix + random_token(24), unix_micros_now() / 1'000'000, model_name,
                                        request->include_usage);
            if (request->stream) {
                co_await answer_stream(**generation, *request, writer, exchange);
            } else {
                co_await answer_whole(**generation, *request, writer, exchange);
            }
            co_return;
        }
        refused = generation.error();
    } else {
        refused = request.error();
    }
    auto response = error_response(refused);
    add_request_id(exchange.request(), response.headers);
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

}  // namespace forebay::runtime
