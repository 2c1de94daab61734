// gpt-oss's chats, as OpenAI's article on the harmony response format frames them.
#include <fmt/chrono.h>

#include <ctime>

#include "base/clock.h"
#include "token_service/count.h"
#include "token_service/harmony_tools.h"
#include "token_service/pieces.h"
#include "token_service/tally.h"

namespace forebay::token_service {
namespace {

using engine::PromptPiece;
using openai::PartKind;

constexpr std::string_view because_tools = "servers differ in how they show tools to this model";
constexpr std::string_view because_calls = "servers differ in how they show tool calls to this model";
constexpr std::string_view because_media = "images, audio and files are not counted";
constexpr std::string_view because_systems = "servers differ in what they make of a second system message";

class Framed {
public:
    Framed& control(std::string_view spelling) {
        pieces.push_back({std::string(spelling), false});
        return *this;
    }
    Framed& text(std::string_view more) {
        if (more.empty()) return *this;
        if (pieces.empty() || !pieces.back().plain) pieces.push_back({{}, true});
        pieces.back().text += more;
        return *this;
    }
    Framed& begin(std::string_view who) { return control("<|start|>").text(who); }
    Framed& message(std::string_view content) { return control("<|message|>").text(content).control("<|end|>"); }

    std::vector<PromptPiece> pieces;
};

struct Message {
    std::string_view role;
    std::string content;
    std::vector<std::pair<std::string_view, std::string_view>> calls;  // name, arguments
};

struct Chat {
    std::vector<Message> messages;
    std::string_view tools, functions;
    bool media = false;
};

Chat chat_of(const openai::PromptParts& parts) {
    Chat chat;
    for (const openai::PromptPart& part : parts.parts) {
        const std::string_view text = parts.text_of(part);
        if (part.kind == PartKind::role) chat.messages.push_back({text, {}, {}});
        else if (part.kind == PartKind::tools) chat.tools = text;
        else if (part.kind == PartKind::functions) chat.functions = text;
        if (chat.messages.empty()) continue;
        Message& message = chat.messages.back();
        if (part.kind == PartKind::content) message.content += text;
        else if (part.kind == PartKind::tool_name) message.calls.emplace_back(text, "");
        else if (part.kind == PartKind::tool_arguments && !message.calls.empty()) message.calls.back().second = text;
        else if (part.kind == PartKind::image || part.kind == PartKind::audio || part.kind == PartKind::file ||
                 part.kind == PartKind::other)
            chat.media = true;
    }
    return chat;
}

bool instructs(const Message& message) { return message.role == "system" || message.role == "developer"; }

std::string today() {
    const std::time_t now = static_cast<std::time_t>(unix_micros_now() / 1'000'000);
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(now));
}

void append_system(Framed& out, bool any_tools) {
    std::string text =
        "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent "
        "date: " +
        today() +
        "\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included "
        "for every message.";
    if (any_tools) text += "\nCalls to these tools must go to the commentary channel: 'functions'.";
    out.begin("system").message(text);
}

void append_developer(Framed& out, std::string_view instructions, const std::string& tools) {
    if (instructions.empty() && tools.empty()) return;
    std::string text;
    if (!instructions.empty()) text.append("# Instructions\n\n").append(instructions);
    if (!tools.empty()) text.append(text.empty() ? "" : "\n\n").append("# Tools\n\n").append(tools);
    out.begin("developer").message(text);
}

void append_message(Framed& out, const Message& message, std::string_view& called) {
    if (instructs(message)) return append_developer(out, message.content, {});
    if (message.role == "tool" || message.role == "function") {
        out.begin(fmt::format("functions.{} to=assistant", called)).control("<|channel|>").text("commentary");
        out.message(message.content);
        return;
    }
    if (message.role != "assistant") {
        out.begin(message.role).message(message.content);
        return;
    }
    if (!message.content.empty() || message.calls.empty()) {
        out.begin("assistant").control("<|channel|>").text(message.calls.empty() ? "final" : "analysis");
        out.message(message.content);
    }
    for (const auto& [name, arguments] : message.calls) {
        out.begin("assistant").control("<|channel|>").text(fmt::format("commentary to=functions.{} ", name));
        out.control("<|constrain|>").text("json").control("<|message|>").text(arguments).control("<|call|>");
        called = name;
    }
}

std::vector<PromptPiece> render(const Chat& chat, bool add_generation_prompt) {
    const std::string_view list = chat.tools.empty() ? chat.functions : chat.tools;
    const std::string tools = list.empty() ? std::string() : harmony_tools(list);
    Framed out;
    append_system(out, !tools.empty());
    std::size_t first = 0;
    std::string_view instructions;
    if (!chat.messages.empty() && instructs(chat.messages.front())) {
        instructions = chat.messages.front().content;
        first = 1;
    }
    append_developer(out, instructions, tools);
    std::string_view called = "tool";
    for (std::size_t i = first; i < chat.messages.size(); ++i) append_message(out, chat.messages[i], called);
    if (add_generation_prompt) out.begin("assistant");
    return std::move(out.pieces);
}

class HarmonyCounter final : public ChatCounter {
public:
    explicit HarmonyCounter(tokenizer::TokenizerPtr tokenizer)
        : tokenizer_(std::move(tokenizer)), name_(tokenizer_->info().name) {}

    const std::string& name() const override { return name_; }
    bool exact() const override { return true; }
    const tokenizer::Tokenizer* tokenizer() const override { return tokenizer_.get(); }

    Result<Count> count(const Prompt& prompt) const override {
        Count out;
        if (prompt.endpoint == openai::Endpoint::completions) {
            const Tally sum = tally(*tokenizer_, prompt.parts);
            out.tokens = sum.prompt_tokens;
            out.least = sum.longest_prompt;
            return out;
        }
        const Chat chat = chat_of(prompt.parts);
        out.tokens = count_pieces(*tokenizer_, render(chat, true));
        std::size_t systems = 0;
        for (const Message& message : chat.messages) {
            systems += instructs(message) ? 1u : 0u;
            if (!message.calls.empty() || message.role == "tool") out.becomes_estimate(because_calls);
        }
        if (!chat.tools.empty() || !chat.functions.empty()) out.becomes_estimate(because_tools);
        if (systems > 1) out.becomes_estimate(because_systems);
        if (chat.media) out.becomes_estimate(because_media);
        out.least = out.tokens;
        if (!out.exact) {
            out.least = 0;
            for (const Message& message : chat.messages) out.least += tokenizer_->count(message.content);
        }
        return out;
    }

    Result<Tokens> encode_chat(const Prompt& chat, const engine::RenderOptions& options) const override {
        if (options.continue_final_message) {
            return fail_field("continue_final_message",
                              "this model's format closes each message: none can be continued");
        }
        Tokens tokens;
        append_pieces(tokens, *tokenizer_, render(chat_of(chat.parts), options.add_generation_prompt));
        return tokens;
    }

private:
    const tokenizer::TokenizerPtr tokenizer_;
    const std::string name_;
};

}  // namespace

ChatCounterPtr make_harmony_counter(tokenizer::TokenizerPtr tokenizer) {
    return std::make_shared<HarmonyCounter>(std::move(tokenizer));
}

}  // namespace forebay::token_service
