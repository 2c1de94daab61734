// Reading the OpenAI dialect's answers, whole or as stream chunks: what the journal, the metrics and the
// error handling need to know of them. The bytes themselves pass through unread otherwise.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace forebay::openai {

struct Usage {
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    std::optional<std::int64_t> cached_tokens;
    std::optional<std::int64_t> reasoning_tokens;
};

// Times that our own worker reports beside the usage ("timings").
struct WorkerTimings {
    double queue_ms = 0, prefill_ms = 0, decode_ms = 0;
};

// What one whole answer or one chunk says.
struct Reading {
    bool has_choices = false;   // choices has an entry
    bool has_content = false;   // text, a refusal, reasoning or a piece of a tool call came
    std::string finish_reason;  // of the first choice that has one
    std::optional<Usage> usage;
    std::optional<WorkerTimings> timings;
    std::string model;        // what the upstream says it used
    std::string upstream_id;  // its "id"
    bool is_error = false;    // the object has a truthy "error"
    std::string error_message, error_type, error_code;
};

// bad_upstream: not a JSON object.
Result<Reading> read_answer(std::string_view body);

// The message that the chunks of one stream add up to, per choice: text, refusal, tool calls. Fed beside
// read_chunk for the journal.
class StreamedMessage {
public:
    // Reads one chunk and adds its deltas. bad_upstream: not a JSON object.
    Result<Reading> read_chunk(std::string_view chunk);
    // {"choices":[{"index":0,"message":{"role":"assistant","content":…},"finish_reason":…}]}
    std::string to_json() const;
    // Bytes of text and arguments so far.
    std::size_t text_bytes() const { return text_bytes_; }

private:
    struct ToolCall {
        std::string id, name, arguments;
    };
    struct Choice {
        std::string content, refusal, reasoning, finish_reason;
        std::vector<ToolCall> tool_calls;
    };
    std::vector<Choice> choices_;
    std::size_t text_bytes_ = 0;
};

}  // namespace forebay::openai
