#include "openai/chunk_writer.h"

#include "base/json.h"
#include "base/utf8.h"

namespace forebay::openai {
namespace {

void append_usage(std::string& out, const Usage& usage) {
    json::ObjectWriter object(out);
    object.field("prompt_tokens", usage.prompt_tokens);
    object.field("completion_tokens", usage.completion_tokens);
    object.field("total_tokens", usage.prompt_tokens + usage.completion_tokens);
    object.key("prompt_tokens_details");
    json::ObjectWriter details(out);
    details.field("cached_tokens", usage.cached_tokens.value_or(0));
    details.close();
    object.close();
}

void append_timings(std::string& out, const WorkerTimings& timings) {
    json::ObjectWriter object(out);
    object.field("queue_ms", timings.queue_ms);
    object.field("prefill_ms", timings.prefill_ms);
    object.field("decode_ms", timings.decode_ms);
    object.close();
}

// {"token":…,"logprob":…,"bytes":[…]} as chat completions write one; `top` adds the alternatives.
void append_token(std::string& out, const TokenLogprob& token, bool with_top) {
    json::ObjectWriter object(out);
    object.field("token", utf8::sanitized(token.bytes));
    object.field("logprob", static_cast<double>(token.logprob));
    object.key("bytes");
    out.push_back('[');
    for (std::size_t i = 0; i < token.bytes.size(); ++i) {
        if (i > 0) out.push_back(',');
        out += std::to_string(static_cast<unsigned char>(token.bytes[i]));
    }
    out.push_back(']');
    if (with_top) {
        object.key("top_logprobs");
        out.push_back('[');
        for (std::size_t i = 0; i < token.top.size(); ++i) {
            if (i > 0) out.push_back(',');
            append_token(out, token.top[i], false);
        }
        out.push_back(']');
    }
    object.close();
}

template <class F>
void append_list(std::string& out, const std::vector<TokenLogprob>& tokens, const F& append_one) {
    out.push_back('[');
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i > 0) out.push_back(',');
        append_one(tokens[i]);
    }
    out.push_back(']');
}

}  // namespace

AnswerWriter::AnswerWriter(Endpoint endpoint, std::string id, std::int64_t created_seconds, std::string model,
                           bool include_usage)
    : endpoint_(endpoint),
      id_(std::move(id)),
      model_(std::move(model)),
      created_seconds_(created_seconds),
      include_usage_(include_usage) {}

std::string AnswerWriter::open(std::string_view object) const {
    std::string out = "{\"id\":";
    json::append_string(out, id_);
    out.append(",\"object\":\"").append(object).append("\",\"created\":").append(std::to_string(created_seconds_));
    out += ",\"model\":";
    json::append_string(out, model_);
    return out;
}

// Each chunk but the usage chunk says "usage": null when usage was asked for.
void AnswerWriter::close(std::string& out) const {
    if (include_usage_) out += ",\"usage\":null";
    out.push_back('}');
}

std::string AnswerWriter::first_chunk() const {
    if (endpoint_ == Endpoint::completions) return {};
    std::string out = open("chat.completion.chunk");
    out += R"(,"choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}])";
    close(out);
    return out;
}

std::string AnswerWriter::content_chunk(std::string_view text, const std::vector<TokenLogprob>& logprobs) {
    const bool chat = endpoint_ == Endpoint::chat_completions;
    std::string out = open(chat ? "chat.completion.chunk" : "text_completion");
    out += chat ? R"(,"choices":[{"index":0,"delta":{"content":)" : R"(,"choices":[{"index":0,"text":)";
    json::append_string(out, text);
    if (chat) out.push_back('}');
    out += ",\"logprobs\":";
    if (logprobs.empty()) {
        out += "null";
    } else {
        append_logprobs(out, logprobs);
    }
    out += ",\"finish_reason\":null}]";
    close(out);
    return out;
}

std::string AnswerWriter::last_chunk(std::string_view finish_reason) const {
    const bool chat = endpoint_ == Endpoint::chat_completions;
    std::string out = open(chat ? "chat.completion.chunk" : "text_completion");
    out += chat ? R"(,"choices":[{"index":0,"delta":{})" : R"(,"choices":[{"index":0,"text":"")";
    out += ",\"logprobs\":null,\"finish_reason\":";
    json::append_string(out, finish_reason);
    out += "}]";
    close(out);
    return out;
}

std::string AnswerWriter::usage_chunk(const Usage& usage, const WorkerTimings& timings) const {
    std::string out = open(endpoint_ == Endpoint::chat_completions ? "chat.completion.chunk" : "text_completion");
    out += ",\"choices\":[],\"usage\":";
    append_usage(out, usage);
    out += ",\"timings\":";
    append_timings(out, timings);
    out.push_back('}');
    return out;
}

std::string AnswerWriter::whole(std::string_view text, const std::vector<TokenLogprob>& logprobs, bool with_logprobs,
                                std::string_view finish_reason, const Usage& usage, const WorkerTimings& timings) {
    const bool chat = endpoint_ == Endpoint::chat_completions;
    std::string out = open(chat ? "chat.completion" : "text_completion");
    out += R"(,"choices":[{"index":0,)";
    out += chat ? R"("message":{"role":"assistant","content":)" : R"("text":)";
    json::append_string(out, text);
    if (chat) out += ",\"refusal\":null}";
    out += ",\"logprobs\":";
    if (with_logprobs) {
        append_logprobs(out, logprobs);
    } else {
        out += "null";
    }
    out += ",\"finish_reason\":";
    json::append_string(out, finish_reason);
    out += "}],\"usage\":";
    append_usage(out, usage);
    out += ",\"timings\":";
    append_timings(out, timings);
    out.push_back('}');
    return out;
}

void AnswerWriter::append_logprobs(std::string& out, const std::vector<TokenLogprob>& logprobs) {
    if (endpoint_ == Endpoint::chat_completions) {
        out += "{\"content\":";
        append_list(out, logprobs, [&](const TokenLogprob& token) { append_token(out, token, true); });
        out += ",\"refusal\":null}";
        return;
    }
    out += "{\"tokens\":";
    append_list(out, logprobs, [&](const TokenLogprob& token) { json::append_string(out, token.bytes); });
    out += ",\"token_logprobs\":";
    append_list(out, logprobs, [&](const TokenLogprob& token) { out += fmt::format("{}", token.logprob); });
    out += ",\"top_logprobs\":";
    append_list(out, logprobs, [&](const TokenLogprob& token) {
        out.push_back('{');
        for (std::size_t i = 0; i < token.top.size(); ++i) {
            if (i > 0) out.push_back(',');
            json::append_string(out, token.top[i].bytes);
            out += fmt::format(":{}", token.top[i].logprob);
        }
        out.push_back('}');
    });
    out += ",\"text_offset\":";
    append_list(out, logprobs, [&](const TokenLogprob& token) {
        out += std::to_string(text_offset_);
        text_offset_ += token.bytes.size();
    });
    out.push_back('}');
}

}  // namespace forebay::openai
