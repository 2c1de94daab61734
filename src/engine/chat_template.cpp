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

// llama.cpp goes through JSON by recursion, and so do templates: what is nested too deep would overflow the stack.
constexpr std::size_t nesting_max = 1024;

bool is_nested_too_deep(std::string_view json) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > nesting_max) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

// The arguments of calls are JSON in a string, which some templates are given parsed.
Result<void> check_nesting(const std::vector<common_chat_msg>& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
        for (const common_chat_tool_call& call : messages[i].tool_calls) {
            if (!is_nested_too_deep(call.arguments)) continue;
            return fail_field(fmt::format("messages[{}].tool_calls", i),
                              fmt::format("a tool call's arguments are nested more than {} deep", nesting_max));
        }
    }
    return {};
}

Result<common_json> parse_object(const std::string& chat_json) {
    if (is_nested_too_deep(chat_json)) {
        return fail_field("messages", fmt::format("the request is nested more than {} deep", nesting_max));
    }
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

Result<void> read_options(const RenderOptions& options, common_chat_templates_inputs& inputs) {
    inputs.add_generation_prompt = options.add_generation_prompt && !options.continue_final_message;
    if (options.template_kwargs.empty()) return {};
    if (is_nested_too_deep(options.template_kwargs)) {
        return fail_field("chat_template_kwargs", fmt::format("it is nested more than {} deep", nesting_max));
    }
    try {
        const common_json variables = common_json::parse(options.template_kwargs);
        if (!variables.is_object()) return fail_field("chat_template_kwargs", "chat_template_kwargs must be an object");
        for (const auto& [name, value] : variables.items()) inputs.chat_template_kwargs[name] = value.dump();
        if (variables.contains("enable_thinking") && variables.at("enable_thinking").is_boolean()) {
            inputs.enable_thinking = variables.at("enable_thinking").get<bool>();
        }
    } catch (const std::exception& error) {
        return fail_field("chat_template_kwargs", first_line(error.what()));
    }
    return {};
}

// `rendered` up to the end of the last message's text, without what closes its turn. Templates may trim the text.
Result<void> cut_behind(std::string_view last, std::string& rendered) {
    const auto blanks = std::string_view(" \t\r\n");
    const std::size_t begin = std::min(last.find_first_not_of(blanks), last.size());
    const std::string_view trimmed = last.substr(begin, last.find_last_not_of(blanks) + 1 - begin);
    const std::size_t at = trimmed.empty() ? rendered.npos : rendered.rfind(trimmed);
    if (at == rendered.npos) {
        return fail_field("continue_final_message",
                          "the last message has no text in this model's template to continue");
    }
    const std::string_view rest = last.substr(begin);
    rendered.resize(at + (std::string_view(rendered).substr(at).starts_with(rest) ? rest.size() : trimmed.size()));
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

Result<std::vector<PromptPiece>> ChatTemplate::render(const std::string& chat_json,
                                                      const RenderOptions& options) const {
    FOREBAY_TRY(const common_json chat, parse_object(chat_json));
    common_chat_templates_inputs inputs;
    FOREBAY_TRY_VOID(read_options(options, inputs));
    FOREBAY_TRY_VOID(read_tools(chat, inputs));
    // Otherwise llama.cpp derives a parser for tool calls from the template each time, by rendering it dozens
    // of times: a millisecond and more, for nothing.
    inputs.force_pure_content = inputs.tools.empty();
    try {
        inputs.messages = common_chat_msgs_parse_oaicompat(chat.at("messages"));
    } catch (const std::exception& error) {
        return fail_field("messages", first_line(error.what()));
    }

    FOREBAY_TRY_VOID(check_nesting(inputs.messages));
    std::vector<std::string> found;
    hide_specials(specials_, inputs, found);
    try {
        const std::scoped_lock lock(mutex_);
        common_chat_params rendered = common_chat_templates_apply(parsed_->templates.get(), inputs);
        if (options.continue_final_message) {
            FOREBAY_TRY_VOID(cut_behind(inputs.messages.back().content, rendered.prompt));
        }
        return SpecialTexts::reveal(rendered.prompt, found);
    } catch (const std::exception& error) {
        return fail_field("messages", "the model's chat template refused the messages: " + first_line(error.what()));
    }
}

}  // namespace forebay::engine
