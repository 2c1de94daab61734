// The OpenAI dialect's request bodies: /v1/chat/completions and /v1/completions, parsed into types at the
// edge. Unknown fields are kept in the body and never touched.
//
// Floor    2. gateway/ parses what callers send, runtime/ what reaches a worker.
// Errors   invalid_argument, with Error.param naming the field as a path ("messages[1].role").
// Source   OpenAI API reference, create chat completion and create completion (2026).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "openai/prompt_parts.h"

namespace forebay::openai {

enum class Endpoint { chat_completions, completions };
std::string_view name_of(Endpoint endpoint);  // "chat.completions", "completions"
std::string_view path_of(Endpoint endpoint);  // "/chat/completions", without the "/v1"

// A null field counts as an absent one, as the API reference says.
struct RequestBody {
    Endpoint endpoint = Endpoint::chat_completions;
    std::string model;
    bool stream = false;
    bool include_usage = false;  // stream_options.include_usage
    std::optional<double> temperature, top_p, min_p, presence_penalty, frequency_penalty;
    std::optional<std::int64_t> top_k, seed, n;
    std::optional<std::int64_t> tokens_max;  // max_completion_tokens, or max_tokens
    std::vector<std::string> stop;
    std::vector<std::pair<std::int32_t, float>> logit_bias;
    bool logprobs = false;
    std::int64_t top_logprobs = 0;  // for completions: the number that `logprobs` is
    bool echo = false;              // completions
    std::string prompt;             // completions; one text
    std::int64_t messages = 0;      // how many; their text stays in the body
    bool has_tools = false;
    std::string response_format;  // response_format.type; empty when absent
};

// Parses and checks types. Refuses what is not a JSON object, a field given twice, and wrong types of known
// fields. With `parts`, notes the prompt's texts there.
Result<RequestBody> parse_request(Endpoint endpoint, std::string_view body, PromptParts* parts = nullptr);

// What our own worker asks beyond the types: ranges, n = 1, one prompt text.
Result<void> check_for_worker(const RequestBody& request);

}  // namespace forebay::openai
