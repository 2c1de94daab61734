// Counting as OpenAI publishes it, and the estimate for what nobody publishes.
#include "token_service/count.h"

#include <algorithm>
#include <cmath>

#include "engine/prompt.h"
#include "token_service/tally.h"
#include "token_service/tool_count.h"

namespace forebay::token_service {
namespace {

using tokenizer::TokenizerPtr;

constexpr std::string_view because_tools = "tools are counted by a rule of thumb";
constexpr std::string_view because_calls = "the framing of tool calls is not public";
constexpr std::string_view because_media = "images, audio and files are counted without being looked at";
constexpr std::string_view because_parts = "it is not public how several texts in one message are joined";
constexpr std::string_view because_schema = "how a response's schema is shown to the model is not public";
constexpr std::string_view because_framing = "the framing of this model's chats is not public; its relatives' is used";
constexpr std::string_view because_closed = "this model's tokenizer is not public";

// Texts and ids alone: no framing to know.
Count count_of_prompts(const Tally& tally) {
    Count out;
    out.tokens = tally.prompt_tokens;
    out.least = tally.longest_prompt;
    return out;
}

std::unexpected<Error> no_spelling(std::string_view reason) {
    return fail_field("messages",
                      fmt::format("{}, so that a chat can be counted (POST /v1/responses/input_tokens) but not spelled "
                                  "out in tokens; send a 'prompt' for the tokens of a text",
                                  reason));
}

// OpenAI's cookbook, "How to count tokens with tiktoken", section 6: three tokens around each message, one more for a
// name, three in front of the answer. Images: the vision guide's 85 tokens, and 170 for each of four tiles.
class OpenAiCounter final : public ChatCounter {
public:
    OpenAiCounter(TokenizerPtr tokenizer, bool published)
        : tokenizer_(std::move(tokenizer)),
          name_(tokenizer_->info().name),
          published_(published),
          per_function_(name_ == "cl100k_base" ? 10 : 7) {}

    const std::string& name() const override { return name_; }
    bool exact() const override { return published_; }
    const tokenizer::Tokenizer* tokenizer() const override { return tokenizer_.get(); }

    Result<Count> count(const Prompt& prompt) const override {
        const Tally sum = tally(*tokenizer_, prompt.parts);
        if (prompt.endpoint == openai::Endpoint::completions) return count_of_prompts(sum);
        Count out;
        out.least = sum.text_tokens;
        out.tokens = priming + sum.messages * per_message + sum.role_tokens + sum.text_tokens + sum.names;
        const std::size_t plain = out.tokens;
        if (!published_) out.becomes_estimate(because_framing);
        if (sum.parted_messages > 0) out.becomes_estimate(because_parts);
        if (sum.calls > 0) {
            out.tokens += sum.calls * per_message + sum.call_tokens;
            out.becomes_estimate(because_calls);
        }
        for (const std::string_view list : {sum.tools, sum.functions}) {
            if (list.empty()) continue;
            out.tokens += count_tools(*tokenizer_, list, per_function_);
            out.becomes_estimate(because_tools);
        }
        if (!sum.response_schema.empty()) {
            out.tokens += tokenizer_->count(sum.response_schema);
            out.becomes_estimate(because_schema);
        }
        if (sum.images > 0 || sum.audio_bytes > 0 || sum.file_bytes > 0 || sum.other_tokens > 0) {
            out.tokens += sum.small_images * small_image + (sum.images - sum.small_images) * large_image +
                          media_tokens(sum) + sum.other_tokens;
            out.becomes_estimate(because_media);
        }
        if (published_ && sum.parted_messages == 0) out.least = plain;
        return out;
    }

    Result<Tokens> encode_chat(const Prompt&, const engine::RenderOptions&) const override {
        return no_spelling("the control tokens around this model's messages are not public");
    }

private:
    static constexpr std::size_t priming = 3, per_message = 3, small_image = 85, large_image = 765;

    const TokenizerPtr tokenizer_;
    const std::string name_;
    const bool published_;
    const std::size_t per_function_;
};

class EstimateCounter final : public ChatCounter {
public:
    EstimateCounter(TokenizerPtr base, const Family& family)
        : base_(std::move(base)), family_(family), name_(fmt::format("estimate:{}", family.name)) {}

    const std::string& name() const override { return name_; }
    bool exact() const override { return false; }
    const tokenizer::Tokenizer* tokenizer() const override { return nullptr; }

    Result<Count> count(const Prompt& prompt) const override {
        const Tally sum = tally(*base_, prompt.parts);
        std::size_t texts = sum.text_tokens + sum.call_tokens + sum.other_tokens;
        Count out;
        if (prompt.endpoint == openai::Endpoint::completions) {
            out.tokens = stretched(sum.prompt_tokens);
            out.least = surely(sum.longest_prompt);
        } else {
            out.least = surely(texts);
            const bool any_tools = !sum.tools.empty() || !sum.functions.empty();
            for (const auto json : {sum.tools, sum.functions, sum.response_schema}) texts += base_->count(json);
            out.tokens = stretched(texts) + sum.messages * family_.per_message + family_.per_chat +
                         sum.calls * family_.per_message + sum.images * family_.per_image + media_tokens(sum) +
                         (any_tools ? family_.with_tools : 0);
        }
        out.becomes_estimate(because_closed);
        return out;
    }

    Result<Tokens> encode_chat(const Prompt&, const engine::RenderOptions&) const override {
        return no_spelling(because_closed);
    }

private:
    std::size_t stretched(std::size_t tokens) const {
        return static_cast<std::size_t>(std::ceil(static_cast<double>(tokens) * family_.factor));
    }
    std::size_t surely(std::size_t tokens) const {
        return static_cast<std::size_t>(static_cast<double>(tokens) * family_.factor * (1.0 - family_.error));
    }

    const TokenizerPtr base_;
    const Family family_;
    const std::string name_;
};

}  // namespace

ChatCounterPtr make_openai_counter(TokenizerPtr tokenizer, bool published) {
    return std::make_shared<OpenAiCounter>(std::move(tokenizer), published);
}

ChatCounterPtr make_estimate(TokenizerPtr base, const Family& family) {
    return std::make_shared<EstimateCounter>(std::move(base), family);
}

Result<void> check_fits(const Count& count, openai::Endpoint endpoint, std::uint64_t answer_tokens,
                        std::uint64_t context_tokens) {
    if (count.least + answer_tokens <= context_tokens) return {};
    const std::string_view what = endpoint == openai::Endpoint::chat_completions ? "messages" : "prompt";
    const std::size_t tokens = count.exact ? count.least : std::max(count.tokens, count.least);
    Error error = engine::prompt_too_long(what, tokens, context_tokens);
    if (count.least < context_tokens && answer_tokens > 1) {
        error.message = fmt::format(
            "This model's maximum context length is {} tokens. However, you requested {} tokens ({} in the {}, {} in "
            "the completion). Please reduce the length of the {} or completion.",
            context_tokens, tokens + answer_tokens, tokens, what, answer_tokens, what);
    }
    if (!count.exact) {
        error.message +=
            fmt::format(" The count is an estimate ({}); at least {} tokens are sure.", count.why, count.least);
    }
    return std::unexpected(std::move(error));
}

}  // namespace forebay::token_service
