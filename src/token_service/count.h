// Counting the prompt of a request for one model.
//
// Floor    3. serving/ counts every call with it, gateway/ answers counting requests, app/ prints counts.
// Threads  any: a ChatCounter is const and shared.
// Cost     of a chat in OpenAI's format: the tokenizer's time for the texts and nanoseconds for the rest; no allocation
//          unless there are tools. In a model's own template: the template's run, from 50 µs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/chat_template.h"
#include "openai/request.h"
#include "token_service/model_table.h"
#include "tokenizer/tokenizer.h"

namespace forebay::token_service {

struct Count {
    std::size_t tokens = 0;
    std::size_t least = 0;      // its longest prompt surely has so many; `tokens` of one prompt that is exact
    bool exact = true;          // as the model counts, or its vendor publishes
    std::string_view why = {};  // why it is an estimate, a constant sentence; empty where it is exact

    // From now on it is an estimate, for the first reason given.
    void becomes_estimate(std::string_view reason) {
        exact = false;
        if (why.empty()) why = reason;
    }
};

// A request as its counter needs it; all outlive the counting.
struct Prompt {
    openai::Endpoint endpoint = openai::Endpoint::chat_completions;
    const openai::PromptParts& parts;
    const std::string& body;  // the JSON that `parts` were noted from: templates are rendered from it
};

using Tokens = std::vector<tokenizer::TokenId>;

class ChatCounter {
public:
    virtual ~ChatCounter() = default;

    // "o200k_base", a model file's own name, or "estimate:claude".
    virtual const std::string& name() const = 0;
    // Whether a plain chat's count is exact.
    virtual bool exact() const = 0;
    // The tokenizer behind the counts; null where it is not public.
    virtual const tokenizer::Tokenizer* tokenizer() const = 0;

    // Bodies of up to so many bytes are counted in about a millisecond at most and without waiting for a lock: an I/O
    // thread may do it. 0: no body is.
    virtual std::size_t quick_bytes_max() const { return 64 * 1024; }

    // invalid_argument: the model's template refuses the messages.
    virtual Result<Count> count(const Prompt& prompt) const = 0;

    // The tokens of a chat. invalid_argument, with `param`: the same; or this model's chats cannot be spelled out in
    // tokens, because its framing is not public.
    virtual Result<Tokens> encode_chat(const Prompt& chat, const engine::RenderOptions& options) const = 0;
};

using ChatCounterPtr = std::shared_ptr<const ChatCounter>;

// OpenAI's published counting. `published`: whether it is published for this very model; otherwise chats are an
// estimate, by the framing of its relatives.
ChatCounterPtr make_openai_counter(tokenizer::TokenizerPtr tokenizer, bool published);
// gpt-oss's framing, in a tokenizer with its control tokens.
ChatCounterPtr make_harmony_counter(tokenizer::TokenizerPtr tokenizer);
// Counts of `base` (o200k_base), stretched by the family's factor.
ChatCounterPtr make_estimate(tokenizer::TokenizerPtr base, const Family& family);

// Whether the prompt and its answer fit into `context_tokens`; also when they may: an estimate is only refused when
// `least` does not fit. `answer_tokens`: what the caller asked for, where the target refuses prompt and answer that are
// too long together; 1 where it only needs room for an answer. The error is OpenAI's, with both numbers.
Result<void> check_fits(const Count& count, openai::Endpoint endpoint, std::uint64_t answer_tokens,
                        std::uint64_t context_tokens);

}  // namespace forebay::token_service
