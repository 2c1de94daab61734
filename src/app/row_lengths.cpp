#include "app/row_lengths.h"

#include <llama-cpp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json.h"
#include "engine/chat_template.h"
#include "engine/engine.h"
#include "engine/gguf_check.h"
#include "engine/llama_log.h"
#include "engine/prompt.h"
#include "engine/vocabulary.h"

namespace forebay::app {
namespace {

using registry::Message;
using registry::Row;

std::uint64_t characters_of(std::string_view text) {
    return static_cast<std::uint64_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

class CharacterLengths final : public RowLengths {
public:
    std::uint64_t count(const Row& row) override {
        std::uint64_t characters = characters_of(row.text);
        for (const Message& message : row.messages) characters += characters_of(message.content);
        return characters;
    }
    std::string unit() const override { return "characters"; }
    std::uint64_t context_tokens() const override { return 0; }
    const std::optional<registry::RowFault>& failure() const override { return failure_; }

private:
    const std::optional<registry::RowFault> failure_;
};

class TokenLengths final : public RowLengths {
public:
    TokenLengths(llama_model_ptr model, engine::Vocabulary vocabulary, std::unique_ptr<engine::ChatTemplate> given)
        : model_(std::move(model)), vocabulary_(vocabulary), template_(std::move(given)) {}

    std::uint64_t count(const Row& row) override {
        auto counted = row.messages.empty() ? text_tokens(row.text) : chat_tokens(row);
        if (counted) return *counted;
        if (!failure_) failure_ = registry::RowFault{{}, row.line, counted.error().message};
        return 0;
    }
    std::string unit() const override { return "tokens"; }
    std::uint64_t context_tokens() const override {
        // llama_model_n_ctx_train() knows nothing where the vocabulary alone was loaded.
        const std::string text = metadata(metadata("general.architecture") + ".context_length");
        std::uint64_t tokens = 0;
        std::from_chars(text.data(), text.data() + text.size(), tokens);
        return tokens;
    }
    const std::optional<registry::RowFault>& failure() const override { return failure_; }

private:
    std::string metadata(const std::string& key) const {
        std::array<char, 256> value{};
        const std::int32_t size = llama_model_meta_val_str(model_.get(), key.c_str(), value.data(), value.size());
        return size < 0 ? std::string() : std::string(value.data());
    }

    Result<std::uint64_t> text_tokens(const std::string& text) const {
        if (text.empty()) return 0;
        engine::Tokens tokens;
        vocabulary_.append_begin(tokens);
        FOREBAY_TRY_VOID(vocabulary_.append_tokens(tokens, text, engine::Specials::as_text));
        return tokens.size() + 1;
    }

    Result<std::uint64_t> chat_tokens(const Row& row) const {
        engine::Tokens answer;
        FOREBAY_TRY_VOID(vocabulary_.append_tokens(answer, row.messages.back().content, engine::Specials::as_text));
        engine::GenerateRequest prompt;
        prompt.chat_json = "{\"messages\":[";
        for (std::size_t i = 0; i + 1 < row.messages.size(); ++i) {
            if (i > 0) prompt.chat_json += ',';
            json::ObjectWriter message(prompt.chat_json);
            message.field("role", row.messages[i].role);
            message.field("content", row.messages[i].content);
            message.close();
        }
        prompt.chat_json += "]}";
        // A row that is an answer alone has no prompt to render.
        if (row.messages.size() == 1) return answer.size() + 1;
        FOREBAY_TRY(const auto tokens, engine::make_prompt(prompt, *template_, vocabulary_));
        return tokens.size() + answer.size() + 1;
    }

    const llama_model_ptr model_;
    const engine::Vocabulary vocabulary_;
    const std::unique_ptr<engine::ChatTemplate> template_;
    std::optional<registry::RowFault> failure_;
};

}  // namespace

std::unique_ptr<RowLengths> RowLengths::in_characters() { return std::make_unique<CharacterLengths>(); }

Result<std::unique_ptr<RowLengths>> RowLengths::in_tokens_blocking(const std::string& model_file) {
    engine::install_llama_log();
    FOREBAY_TRY_VOID(engine::check_gguf_blocking(model_file));
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    const engine::LlamaErrors errors;
    std::string reason;
    llama_model_ptr model;
    try {
        model.reset(llama_model_load_from_file(model_file.c_str(), params));
    } catch (const std::exception& error) {
        reason = error.what();
    }
    if (!model)
        return fail(Code::invalid_argument, "the vocabulary of '{}' cannot be loaded: {}", model_file,
                    reason.empty() ? errors.first() : reason);
    const engine::Vocabulary vocabulary(*model);
    if (vocabulary.size() == 0) return fail(Code::invalid_argument, "'{}' has no vocabulary", model_file);
    FOREBAY_TRY(auto chat_template, engine::ChatTemplate::open(*model, vocabulary));
    return std::make_unique<TokenLengths>(std::move(model), vocabulary, std::move(chat_template));
}

}  // namespace forebay::app
