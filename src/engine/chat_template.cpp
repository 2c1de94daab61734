#include "engine/chat_template.h"

#include <chat.h>

#include <exception>

#include "base/utf8.h"

namespace forebay::engine {
namespace {

// llama.cpp's message cut to what helps the caller: it may quote all messages or the template's source, which it does
// before the template's own words.
std::string first_line(std::string_view text) {
    constexpr std::size_t bytes_max = 300;
    constexpr std::string_view own_words = "Jinja Exception: ";
    if (const std::size_t at = text.find(own_words); at != text.npos) text.remove_prefix(at + own_words.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \n\r-"), text.size()));
    for (const std::string_view end : {"\n", "; messages = ", "; tools = "}) text = text.substr(0, text.find(end));
    return utf8::sanitized(text.substr(0, utf8::whole_prefix_size(text.substr(0, bytes_max))));
}

Result<common_json> parse_object(const std::string& chat_json) {
    try {
        common_json chat = common_json::parse(chat_json);
        if (!chat.is_object() || !chat.contains("messages")) return fail_field("messages", "messages are missing");
        const common_json& messages = chat.at("messages");
        if (!messages.is_array() || messages.empty()) {
            return fail_field("messages", "messages must be an array with at least one message");
        }
        return chat;
    } catch (const std::exception& error) {
        return fail_field("messages", "messages are not valid JSON: " + first_line(error.what()));
    }
}

Result<void> read_tools(const common_json& chat, common_chat_templates_inputs& inputs) {
    try {
        if (chat.contains("tools")) inputs.tools = common_chat_tools_parse_oaicompat(chat.at("tools"));
    } catch (const std::exception& error) {
        return fail_field("tools", first_line(error.what()));
    }
    try {
        if (!chat.contains("tool_choice") || chat.at("tool_choice").is_null()) return {};
        const common_json& choice = chat.at("tool_choice");
        // An object names one function; the template only knows "required".
        inputs.tool_choice = choice.is_object() ? COMMON_CHAT_TOOL_CHOICE_REQUIRED
                                                : common_chat_tool_choice_parse_oaicompat(choice.get<std::string>());
    } catch (const std::exception&) {
        return fail_field("tool_choice", "tool_choice must be none, auto, required or an object that names a function");
    }
    return {};
}

// Every string of the caller's that the template may put into the prompt.
void hide_specials(const SpecialTexts& specials, common_chat_templates_inputs& inputs,
                   std::vector<std::string>& found) {
    for (common_chat_msg& message : inputs.messages) {
        for (std::string* text :
             {&message.role, &message.content, &message.reasoning_content, &message.tool_name, &message.tool_call_id}) {
            specials.hide(*text, found);
        }
        for (common_chat_msg_content_part& part : message.content_parts) specials.hide(part.text, found);
        for (common_chat_tool_call& call : message.tool_calls) {
            for (std::string* text : {&call.name, &call.arguments, &call.id}) specials.hide(*text, found);
        }
    }
    for (common_chat_tool& tool : inputs.tools) {
        for (std::string* text : {&tool.name, &tool.description, &tool.parameters}) specials.hide(*text, found);
    }
}

}  // namespace

struct ChatTemplate::Parsed {
    common_chat_templates_ptr templates;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Parsed> parsed, SpecialTexts specials)
    : parsed_(std::move(parsed)), specials_(std::move(specials)) {}

ChatTemplate::~ChatTemplate() = default;

Result<std::unique_ptr<ChatTemplate>> ChatTemplate::open(const llama_model& model, const Vocabulary& vocabulary) {
    try {
        auto parsed = std::make_unique<Parsed>();
        parsed->templates = common_chat_templates_init(&model, "");
        return std::unique_ptr<ChatTemplate>(
            new ChatTemplate(std::move(parsed), SpecialTexts(vocabulary.control_texts())));
    } catch (const std::exception& error) {
        // Its parser's errors arrive cut down to their base class, without their words.
        const std::string reason = first_line(error.what());
        return fail(Code::invalid_argument, "the model's chat template does not parse: {}",
                    reason == "std::exception" ? "look for tags that are not closed or not known" : reason);
    }
}

bool ChatTemplate::is_the_models() const { return common_chat_templates_was_explicit(parsed_->templates.get()); }

Result<std::vector<PromptPiece>> ChatTemplate::render(const std::string& chat_json) const {
    FOREBAY_TRY(const common_json chat, parse_object(chat_json));
    common_chat_templates_inputs inputs;
    inputs.add_generation_prompt = true;
    FOREBAY_TRY_VOID(read_tools(chat, inputs));
    // Otherwise llama.cpp derives a parser for tool calls from the template each time, by rendering it dozens
    // of times: a millisecond and more, for nothing.
    inputs.force_pure_content = inputs.tools.empty();
    try {
        inputs.messages = common_chat_msgs_parse_oaicompat(chat.at("messages"));
    } catch (const std::exception& error) {
        return fail_field("messages", first_line(error.what()));
    }

    std::vector<std::string> found;
    hide_specials(specials_, inputs, found);
    try {
        const std::scoped_lock lock(mutex_);
        const common_chat_params rendered = common_chat_templates_apply(parsed_->templates.get(), inputs);
        return SpecialTexts::reveal(rendered.prompt, found);
    } catch (const std::exception& error) {
        return fail_field("messages", "the model's chat template refused the messages: " + first_line(error.what()));
    }
}

}  // namespace forebay::engine
