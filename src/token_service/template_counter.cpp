#include "token_service/template_counter.h"

#include <llama-cpp.h>

#include <exception>
#include <filesystem>

#include "base/utf8.h"
#include "engine/chat_template.h"
#include "engine/gguf_check.h"
#include "engine/llama_log.h"
#include "engine/vocabulary.h"
#include "token_service/pieces.h"
#include "token_service/tally.h"

namespace forebay::token_service {
namespace {

class TemplateCounter final : public ChatCounter {
public:
    TemplateCounter(std::string name, std::unique_ptr<engine::ChatTemplate> chat_template,
                    tokenizer::TokenizerPtr tokenizer)
        : name_(std::move(name)), template_(std::move(chat_template)), tokenizer_(std::move(tokenizer)) {}

    const std::string& name() const override { return name_; }
    bool exact() const override { return true; }
    const tokenizer::Tokenizer* tokenizer() const override { return tokenizer_.get(); }
    std::size_t quick_bytes_max() const override { return 0; }

    Result<Count> count(const Prompt& prompt) const override {
        Count out;
        if (prompt.endpoint == openai::Endpoint::completions) {
            const Tally sum = tally(*tokenizer_, prompt.parts);
            // Ids come as they are; each text begins as the vocabulary wants.
            out.tokens = std::max<std::size_t>(sum.prompt_tokens + sum.prompts * begin_tokens(), 1);
            out.least = std::max<std::size_t>(sum.longest_prompt + (sum.prompts > 0 ? begin_tokens() : 0), 1);
            return out;
        }
        FOREBAY_TRY(const auto pieces, template_->render(prompt.body));
        out.tokens = std::max<std::size_t>(begin_tokens() + count_pieces(*tokenizer_, pieces), 1);
        out.least = out.tokens;
        return out;
    }

    Result<Tokens> encode_chat(const Prompt& chat, const engine::RenderOptions& options) const override {
        FOREBAY_TRY(const auto pieces, template_->render(chat.body, options));
        Tokens tokens;
        if (begin_tokens() > 0) tokens.push_back(tokenizer_->info().begin);
        append_pieces(tokens, *tokenizer_, pieces);
        return tokens;
    }

private:
    std::size_t begin_tokens() const {
        const auto& info = tokenizer_->info();
        return info.adds_begin && info.begin >= 0 ? 1 : 0;
    }

    const std::string name_;
    const std::unique_ptr<engine::ChatTemplate> template_;
    const tokenizer::TokenizerPtr tokenizer_;
};

}  // namespace

Result<ChatCounterPtr> open_template_counter_blocking(const std::string& model_file,
                                                      tokenizer::TokenizerPtr tokenizer) {
    engine::install_llama_log();
    FOREBAY_TRY_VOID(engine::check_gguf_blocking(model_file));
    llama_model_params parameters = llama_model_default_params();
    parameters.vocab_only = true;
    const engine::LlamaErrors errors;
    std::string reason;
    llama_model_ptr model;
    try {
        model.reset(llama_model_load_from_file(model_file.c_str(), parameters));
    } catch (const std::exception& error) {
        reason = error.what();
    }
    if (!model) {
        return fail(Code::invalid_argument, "the vocabulary of '{}' cannot be loaded: {}", model_file,
                    reason.empty() ? errors.first() : reason);
    }
    const engine::Vocabulary vocabulary(*model);
    if (vocabulary.size() == 0) return fail(Code::invalid_argument, "'{}' has no vocabulary", model_file);
    // The template keeps what it needs of the model, which goes with this function: its tokens are megabytes.
    FOREBAY_TRY(auto chat_template, engine::ChatTemplate::open(*model, vocabulary));
    auto name = std::filesystem::path(model_file).filename().string();
    return std::make_shared<TemplateCounter>(std::move(name), std::move(chat_template), std::move(tokenizer));
}

}  // namespace forebay::token_service
