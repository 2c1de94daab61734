#include "token_service/model_table.h"

#include <algorithm>
#include <array>
#include <string>

namespace forebay::token_service {
namespace {

// Factors: tokens of the family's tokenizer per token of o200k_base. Measured where a tokenizer is published, on 1.5 MB
// of each of English documentation, C++, European and other manual pages, and averaged:
//
//   family     tokenizer measured           English  C++    European  other
//   llama      Llama 3                      0.997    0.989  1.049     1.004
//   qwen       Qwen 2                       1.018    0.998  1.058     1.067
//   command    Command R                    1.104    1.215  1.086     1.067
//   gemini     Gemma 4, which is Google's   1.121    1.273  1.075     1.047
//   deepseek   DeepSeek LLM (102k tokens)   1.165    1.320  1.198     1.490
//
// DeepSeek's later vocabulary has 129k tokens, so that its factor is put between that row and Qwen's. mistral's (131k
// tokens, as Llama 3's 128k) and grok's are relatives' too, and the generic one is the middle of all.
// claude: published comparisons find 16 % more tokens than GPT-4o's for English, 21 % for mathematics and 30 % for
// Python; tools put a system prompt of 346 tokens in front (Anthropic's pricing page); an image has width × height /
// 750.
//
// The error is generous on purpose: it only says how sure a refusal has to be.
constexpr Family claude{"claude", 1.22, 0.30, 4, 3, 346, 1334};
constexpr Family gemini{"gemini", 1.13, 0.30, 3, 2, 0, 258};
constexpr Family mistral{"mistral", 1.05, 0.30, 4, 1, 0, 1024};
constexpr Family llama{"llama", 1.01, 0.25, 4, 5, 0, 1024};
constexpr Family qwen{"qwen", 1.04, 0.25, 5, 3, 0, 1024};
constexpr Family deepseek{"deepseek", 1.12, 0.30, 2, 2, 0, 1024};
constexpr Family command{"command", 1.12, 0.30, 4, 3, 0, 1024};
constexpr Family grok{"grok", 1.10, 0.35, 4, 3, 0, 1024};
constexpr Family generic{"generic", 1.10, 0.40, 4, 3, 0, 1024};

constexpr std::string_view r50k = "r50k_base", p50k = "p50k_base", cl100k = "cl100k_base", o200k = "o200k_base",
                           o200k_harmony = "o200k_harmony";

constexpr ModelRow published(std::string_view pattern, std::string_view tokenizer, std::uint32_t context_tokens) {
    return {pattern, tokenizer, ChatFormat::openai, true, context_tokens, nullptr};
}
// OpenAI's, with the framing of its published relatives.
constexpr ModelRow assumed(std::string_view pattern, std::string_view tokenizer, std::uint32_t context_tokens) {
    return {pattern, tokenizer, ChatFormat::openai, false, context_tokens, nullptr};
}
constexpr ModelRow estimated(std::string_view pattern, const Family& family, std::uint32_t context_tokens = 0) {
    return {pattern, o200k, ChatFormat::estimate, false, context_tokens, &family};
}

constexpr std::array rows{
    published("gpt-3.5-turbo", cl100k, 16'385),
    published("gpt-3.5-turbo-0301", cl100k, 4'096),
    published("gpt-3.5-turbo-0613", cl100k, 4'096),
    published("gpt-3.5-turbo-instruct", cl100k, 4'096),
    published("gpt-35-turbo", cl100k, 0),  // Azure's name for it, of any version
    published("gpt-4", cl100k, 8'192),
    published("gpt-4-32k", cl100k, 32'768),
    published("gpt-4-turbo", cl100k, 128'000),
    published("gpt-4-1106", cl100k, 128'000),
    published("gpt-4-0125", cl100k, 128'000),
    published("gpt-4-vision", cl100k, 128'000),
    published("gpt-4o", o200k, 128'000),
    published("chatgpt-4o", o200k, 128'000),
    assumed("gpt-4.1", o200k, 1'047'576),
    assumed("gpt-4.5", o200k, 128'000),
    assumed("gpt-5*", o200k, 0),
    assumed("gpt-5", o200k, 400'000),
    assumed("gpt-5-chat", o200k, 128'000),
    assumed("gpt-5.1", o200k, 400'000),
    assumed("gpt-5.1-chat", o200k, 128'000),
    assumed("o1", o200k, 200'000),
    assumed("o1-mini", o200k, 128'000),
    assumed("o1-preview", o200k, 128'000),
    assumed("o3", o200k, 200'000),
    assumed("o4", o200k, 200'000),
    assumed("codex-mini", o200k, 200'000),
    ModelRow{"gpt-oss*", o200k_harmony, ChatFormat::harmony, true, 131'072, nullptr},
    published("text-davinci-003", p50k, 4'097),
    published("text-davinci-002", p50k, 4'097),
    published("text-davinci-001", r50k, 2'049),
    published("text-curie-001", r50k, 2'049),
    published("text-babbage-001", r50k, 2'049),
    published("text-ada-001", r50k, 2'049),
    published("code-davinci*", p50k, 8'001),
    published("code-cushman*", p50k, 2'048),
    published("davinci", r50k, 2'049),
    published("curie", r50k, 2'049),
    published("babbage", r50k, 2'049),
    published("ada", r50k, 2'049),
    published("davinci-002", cl100k, 16'384),
    published("babbage-002", cl100k, 16'384),
    published("text-embedding-3*", cl100k, 8'192),
    published("text-embedding-ada-002", cl100k, 8'192),
    estimated("claude*", claude),
    estimated("claude-2", claude, 100'000),
    estimated("claude-2.1", claude, 200'000),
    estimated("claude-instant*", claude, 100'000),
    estimated("claude-3*", claude, 200'000),
    estimated("claude-opus-4-1", claude, 200'000),
    estimated("claude-opus-4-5", claude, 200'000),
    estimated("claude-haiku-4-5", claude, 200'000),
    estimated("gemini*", gemini),
    estimated("gemini-1.5-flash*", gemini, 1'048'576),
    estimated("gemini-1.5-pro*", gemini, 2'097'152),
    estimated("gemini-2.0-flash*", gemini, 1'048'576),
    estimated("gemini-2.5*", gemini, 1'048'576),
    estimated("gemma*", gemini),
    estimated("mistral*", mistral),
    estimated("mistral-large*", mistral, 131'072),
    estimated("ministral*", mistral),
    estimated("mixtral*", mistral),
    estimated("codestral*", mistral),
    estimated("devstral*", mistral),
    estimated("magistral*", mistral),
    estimated("pixtral*", mistral),
    estimated("open-mi*", mistral),
    estimated("command*", command),
    estimated("command-a", command, 256'000),
    estimated("command-r", command, 128'000),
    estimated("c4ai-*", command),
    estimated("grok*", grok),
    estimated("deepseek*", deepseek),
    estimated("qwen*", qwen),
    estimated("qwq*", qwen),
    estimated("llama*", llama),
    estimated("meta-llama*", llama),
    estimated("codellama*", llama),
};

constexpr ModelRow generic_row = estimated("*", generic);

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view begin) {
    return text.size() >= begin.size() && std::ranges::equal(text.substr(0, begin.size()), begin, {}, lower);
}

// "openrouter/openai/gpt-4o" to "gpt-4o", "us.anthropic.claude-…" to "claude-…", "ft:gpt-4o:…" to "gpt-4o:…".
std::string_view without_provider(std::string_view model) {
    if (const std::size_t slash = model.rfind('/'); slash != model.npos) model.remove_prefix(slash + 1);
    for (const std::string_view region : {"us.", "eu.", "apac.", "global."}) {
        if (starts_with_ignoring_case(model, region)) model.remove_prefix(region.size());
    }
    for (const std::string_view vendor :
         {"anthropic.", "meta.", "mistral.", "cohere.", "openai.", "deepseek.", "qwen."}) {
        if (starts_with_ignoring_case(model, vendor)) model.remove_prefix(vendor.size());
    }
    if (starts_with_ignoring_case(model, "ft:")) model.remove_prefix(3);
    return model;
}

bool matches(std::string_view pattern, std::string_view model) {
    if (pattern.ends_with('*')) return starts_with_ignoring_case(model, pattern.substr(0, pattern.size() - 1));
    if (!starts_with_ignoring_case(model, pattern)) return false;
    return model.size() == pattern.size() || std::string_view("-:@").contains(model[pattern.size()]);
}

// A name counts for more than a beginning of the same length.
std::size_t weight_of(std::string_view pattern) {
    return pattern.ends_with('*') ? 2 * (pattern.size() - 1) : 2 * pattern.size() + 1;
}

}  // namespace

std::string_view name_of(ChatFormat format) {
    switch (format) {
        case ChatFormat::openai: return "openai";
        case ChatFormat::harmony: return "harmony";
        case ChatFormat::estimate: return "estimate";
    }
    return "estimate";
}

const ModelRow& find_model(std::string_view model) {
    const std::string_view name = without_provider(model);
    const ModelRow* best = &generic_row;
    std::size_t best_weight = 0;
    for (const ModelRow& row : rows) {
        if (const std::size_t weight = weight_of(row.pattern); weight > best_weight && matches(row.pattern, name)) {
            best = &row;
            best_weight = weight;
        }
    }
    return *best;
}

std::span<const ModelRow> model_table() { return rows; }

const ModelRow& generic_estimate() { return generic_row; }

}  // namespace forebay::token_service
