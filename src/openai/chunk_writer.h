// Writing the OpenAI dialect's answers: what our own worker sends.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "openai/answer.h"
#include "openai/request.h"

namespace forebay::openai {

struct TokenLogprob {
    std::string bytes;
    float logprob = 0;
    std::vector<TokenLogprob> top;  // alternatives; empty in an alternative
};

// Builds every chunk, or the whole answer, of one call: same id, created and model throughout.
class AnswerWriter {
public:
    AnswerWriter(Endpoint endpoint, std::string id, std::int64_t created_seconds, std::string model,
                 bool include_usage);

    // Stream: the first chunk (the role; nothing for completions), one per piece, the last one, usage.
    std::string first_chunk() const;
    std::string content_chunk(std::string_view text, const std::vector<TokenLogprob>& logprobs);
    std::string last_chunk(std::string_view finish_reason) const;
    // choices is empty; sent before [DONE] when asked for.
    std::string usage_chunk(const Usage& usage, const WorkerTimings& timings) const;

    // Not streamed.
    std::string whole(std::string_view text, const std::vector<TokenLogprob>& logprobs, bool with_logprobs,
                      std::string_view finish_reason, const Usage& usage, const WorkerTimings& timings);

private:
    std::string open(std::string_view object) const;
    void close(std::string& out) const;
    void append_logprobs(std::string& out, const std::vector<TokenLogprob>& logprobs);

    const Endpoint endpoint_;
    const std::string id_, model_;
    const std::int64_t created_seconds_;
    const bool include_usage_;
    std::size_t text_offset_ = 0;  // completions report where each token begins
};

}  // namespace forebay::openai
