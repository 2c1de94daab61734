// The model table: which tokenizer, chat format and context length a model's name stands for. The one place for it;
// forebay.yaml overrides it per model.
//
// Threads  any: constant.
// Source   OpenAI's model pages and tiktoken's model.py for the tokenizers of OpenAI's models; the vendors' model pages
//          for context lengths (2025-2026). A length that is not public, or differs among a name's versions, is 0:
//          nothing is refused on a guess.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace forebay::token_service {

// How a chat becomes tokens.
enum class ChatFormat : std::uint8_t {
    openai,    // OpenAI's published counting: so many tokens around each message
    harmony,   // gpt-oss: the published framing itself
    estimate,  // not public: o200k_base's count times the family's factor
};
std::string_view name_of(ChatFormat format);

// How a family's own tokens relate to o200k_base's, where its tokenizer is not at hand.
struct Family {
    std::string_view name;          // "claude"
    double factor = 1.0;            // tokens per token of o200k_base
    double error = 0.0;             // share by which the factor may be too high for some text
    std::uint32_t per_message = 0;  // tokens around each message
    std::uint32_t per_chat = 0;     // tokens around all of them
    std::uint32_t with_tools = 0;   // what the vendor puts in front once there are tools
    std::uint32_t per_image = 0;    // an image of a megapixel
};

struct ModelRow {
    std::string_view pattern;    // "gpt-4o": that name, or it and "-", ":" or "@" and more; "gpt-5*": any continuation
    std::string_view tokenizer;  // a built-in one; of an estimate o200k_base
    ChatFormat format = ChatFormat::estimate;
    bool published = false;            // the framing of this model's chats is published, not that of its relatives
    std::uint32_t context_tokens = 0;  // prompt and answer together; 0: unknown
    const Family* family = nullptr;    // of an estimate
};

// The row of the longest pattern that `model` matches, without regard to letter case, providers' prefixes
// ("openai/gpt-4o", "us.anthropic.claude-…") and OpenAI's "ft:"; the generic estimate where none does.
const ModelRow& find_model(std::string_view model);

std::span<const ModelRow> model_table();

// The estimate of a model that nothing is known of.
const ModelRow& generic_estimate();

}  // namespace forebay::token_service
