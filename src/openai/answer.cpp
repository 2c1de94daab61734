#include "openai/answer.h"

#include <simdjson.h>

#include "base/json.h"
#include "openai/json_text.h"

namespace forebay::openai {
namespace {

namespace dom = simdjson::dom;

// More choices or tool calls than any client asks for; an upstream's index is not believed beyond it.
constexpr std::uint64_t index_max = 128;

std::string_view text_of(simdjson::simdjson_result<dom::element> value) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<std::int64_t> integer_of(simdjson::simdjson_result<dom::element> value) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

std::optional<Usage> read_usage(dom::element root) {
    dom::object object;
    if (root["usage"].get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    Usage usage;
    usage.prompt_tokens = integer_of(object["prompt_tokens"]).value_or(0);
    usage.completion_tokens = integer_of(object["completion_tokens"]).value_or(0);
    usage.cached_tokens = integer_of(object["prompt_tokens_details"]["cached_tokens"]);
    usage.reasoning_tokens = integer_of(object["completion_tokens_details"]["reasoning_tokens"]);
    return usage;
}

std::optional<WorkerTimings> read_timings(dom::element root) {
    dom::object object;
    if (root["timings"].get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    WorkerTimings timings;
    static_cast<void>(object["queue_ms"].get_double().get(timings.queue_ms));
    static_cast<void>(object["prefill_ms"].get_double().get(timings.prefill_ms));
    static_cast<void>(object["decode_ms"].get_double().get(timings.decode_ms));
    return timings;
}

void read_error_of(dom::element root, Reading& out) {
    dom::element error;
    if (root["error"].get(error) != simdjson::SUCCESS || error.is_null()) return;
    bool flag = true;
    if (error.get_bool().get(flag) == simdjson::SUCCESS && !flag) return;
    out.is_error = true;
    std::string_view text;
    out.error_message = error.get_string().get(text) == simdjson::SUCCESS ? text : text_of(error["message"]);
    out.error_type = text_of(error["type"]);
    out.error_code = text_of(error["code"]);
}

Result<dom::element> parse_root(std::string_view body) {
    static thread_local dom::parser parser;
    dom::element root;
    if (parse_json(parser, body).get(root) != simdjson::SUCCESS || !root.is_object()) {
        return fail(Code::bad_upstream, "the upstream's answer is not a JSON object");
    }
    return root;
}

Reading read_common(dom::element root) {
    Reading out;
    read_error_of(root, out);
    out.usage = read_usage(root);
    out.timings = read_timings(root);
    out.model = text_of(root["model"]);
    out.upstream_id = text_of(root["id"]);
    return out;
}

}  // namespace

Result<Reading> read_answer(std::string_view body) {
    FOREBAY_TRY(const dom::element root, parse_root(body));
    Reading out = read_common(root);
    dom::array choices;
    if (root["choices"].get_array().get(choices) != simdjson::SUCCESS) return out;
    for (dom::element choice : choices) {
        out.has_choices = out.has_content = true;
        if (out.finish_reason.empty()) out.finish_reason = text_of(choice["finish_reason"]);
    }
    return out;
}

Result<Reading> StreamedMessage::read_chunk(std::string_view chunk) {
    FOREBAY_TRY(const dom::element root, parse_root(chunk));
    Reading out = read_common(root);
    dom::array choices;
    if (root["choices"].get_array().get(choices) != simdjson::SUCCESS) return out;
    for (dom::element entry : choices) {
        out.has_choices = true;
        const auto index = static_cast<std::uint64_t>(integer_of(entry["index"]).value_or(0));
        if (index >= index_max) return fail(Code::bad_upstream, "the upstream sent a choice with index {}", index);
        if (choices_.size() <= index) choices_.resize(index + 1);
        Choice& choice = choices_[index];
        if (const auto reason = text_of(entry["finish_reason"]); !reason.empty()) {
            choice.finish_reason = reason;
            if (out.finish_reason.empty()) out.finish_reason = reason;
        }
        const auto delta = entry["delta"];
        const std::size_t before = choice.content.size() + choice.refusal.size() + choice.reasoning.size();
        choice.content += text_of(delta["content"]);
        choice.content += text_of(entry["text"]);  // the completions endpoint
        choice.refusal += text_of(delta["refusal"]);
        choice.reasoning += text_of(delta["reasoning_content"]);
        const std::size_t more = choice.content.size() + choice.refusal.size() + choice.reasoning.size() - before;
        out.has_content = out.has_content || more > 0;
        text_bytes_ += more;
        dom::array calls;
        if (delta["tool_calls"].get_array().get(calls) != simdjson::SUCCESS) continue;
        for (dom::element piece : calls) {
            const auto at = static_cast<std::uint64_t>(integer_of(piece["index"]).value_or(0));
            if (at >= index_max) return fail(Code::bad_upstream, "the upstream sent a tool call with index {}", at);
            if (choice.tool_calls.size() <= at) choice.tool_calls.resize(at + 1);
            ToolCall& call = choice.tool_calls[at];
            const std::size_t call_before = call.id.size() + call.name.size() + call.arguments.size();
            call.id += text_of(piece["id"]);
            call.name += text_of(piece["function"]["name"]);
            call.arguments += text_of(piece["function"]["arguments"]);
            text_bytes_ += call.id.size() + call.name.size() + call.arguments.size() - call_before;
            out.has_content = true;
        }
    }
    return out;
}

std::string StreamedMessage::to_json() const {
    std::string out = R"({"choices":[)";
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        if (i > 0) out.push_back(',');
        const Choice& choice = choices_[i];
        json::ObjectWriter object(out);
        object.field("index", i);
        object.key("message");
        json::ObjectWriter message(out);
        message.field("role", "assistant");
        message.field("content", choice.content);
        if (!choice.refusal.empty()) message.field("refusal", choice.refusal);
        if (!choice.reasoning.empty()) message.field("reasoning_content", choice.reasoning);
        if (!choice.tool_calls.empty()) {
            message.key("tool_calls");
            out.push_back('[');
            for (std::size_t at = 0; at < choice.tool_calls.size(); ++at) {
                if (at > 0) out.push_back(',');
                json::ObjectWriter call(out);
                call.field("id", choice.tool_calls[at].id);
                call.field("type", "function");
                call.key("function");
                json::ObjectWriter function(out);
                function.field("name", choice.tool_calls[at].name);
                function.field("arguments", choice.tool_calls[at].arguments);
                function.close();
                call.close();
            }
            out.push_back(']');
        }
        message.close();
        if (choice.finish_reason.empty()) {
            object.null("finish_reason");
        } else {
            object.field("finish_reason", choice.finish_reason);
        }
        object.close();
    }
    out += "]}";
    return out;
}

}  // namespace forebay::openai
