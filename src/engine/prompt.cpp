#include "engine/prompt.h"

#include "base/utf8.h"

namespace forebay::engine {

Result<Tokens> make_prompt(const GenerateRequest& request, const ChatTemplate& chat_template,
                           const Vocabulary& vocabulary) {
    Tokens tokens;
    vocabulary.append_begin(tokens);
    if (request.chat_json.empty()) {
        if (!utf8::is_valid(request.prompt)) return fail_field("prompt", "the prompt is not valid UTF-8");
        FOREBAY_TRY_VOID(vocabulary.append_tokens(tokens, request.prompt, Specials::as_tokens));
    } else {
        FOREBAY_TRY(const std::vector<PromptPiece> pieces, chat_template.render(request.chat_json));
        for (const PromptPiece& piece : pieces) {
            const Specials specials = piece.plain ? Specials::as_text : Specials::as_tokens;
            FOREBAY_TRY_VOID(vocabulary.append_tokens(tokens, piece.text, specials));
        }
    }
    if (tokens.empty()) {
        const llama_token stand_in = vocabulary.begin_or_end_token();
        if (stand_in == LLAMA_TOKEN_NULL) return fail_field("prompt", "the prompt is empty");
        tokens.push_back(stand_in);
    }
    return tokens;
}

Error prompt_too_long(std::string_view what, std::size_t prompt_tokens, std::size_t context_tokens) {
    return {Code::invalid_argument,
            fmt::format("This model's maximum context length is {} tokens. However, your {} resulted in {} tokens{}. "
                        "Please reduce the length of the {}.",
                        context_tokens, what, prompt_tokens,
                        prompt_tokens <= context_tokens ? ", which leaves no room for an answer" : "", what),
            std::string(what)};
}

Result<void> check_prompt_fits(const GenerateRequest& request, std::size_t prompt_tokens, std::size_t context_tokens) {
    const std::size_t needed = prompt_tokens + (request.tokens_max == 0 ? 0 : 1);
    if (needed <= context_tokens) return {};
    return std::unexpected(
        prompt_too_long(request.chat_json.empty() ? "prompt" : "messages", prompt_tokens, context_tokens));
}

}  // namespace forebay::engine
