#include "training/row_encoder.h"

#include <llama-cpp.h>

#include <algorithm>
#include <span>

#include "base/json.h"
#include "engine/backends.h"
#include "engine/chat_template.h"
#include "engine/prompt.h"
#include "engine/vocabulary.h"

namespace forebay::training {

using gradients::TokenRow;

struct RowEncoder::Impl {
    llama_model_ptr model;
    std::unique_ptr<engine::Vocabulary> vocabulary;
    std::unique_ptr<engine::ChatTemplate> chat_template;
    llama_token turn_end = LLAMA_TOKEN_NULL;
    LossOn loss = LossOn::assistant;
};

namespace {

void append(TokenRow& row, const engine::Tokens& tokens, bool predicted) {
    row.tokens.insert(row.tokens.end(), tokens.begin(), tokens.end());
    row.predicted.insert(row.predicted.end(), tokens.size(), predicted ? 1 : 0);
}

bool begins_with(const engine::Tokens& tokens, const TokenRow& row) {
    return tokens.size() >= row.tokens.size() &&
           std::ranges::equal(row.tokens, std::span(tokens).first(row.tokens.size()));
}

}  // namespace

std::string chat_json(const std::vector<registry::Message>& messages, std::size_t count) {
    std::string out = "{\"messages\":[";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out.push_back(',');
        json::ObjectWriter object(out);
        object.field("role", messages[i].role);
        object.field("content", messages[i].content);
        object.close();
    }
    return out + "]}";
}

namespace {

Result<engine::Tokens> prompt_of(const engine::ChatTemplate& chat_template, const engine::Vocabulary& vocabulary,
                                 const std::vector<registry::Message>& messages, std::size_t count) {
    engine::GenerateRequest request;
    request.chat_json = chat_json(messages, count);
    return engine::make_prompt(request, chat_template, vocabulary);
}

// What the template puts after an assistant's turn when another follows, or the vocabulary's own end of a turn where
// the template shows old turns otherwise.
Result<llama_token> turn_end_of(const engine::ChatTemplate& chat_template, const engine::Vocabulary& vocabulary,
                                const llama_vocab* vocab) {
    const std::vector<registry::Message> probe{{"user", "a"}, {"assistant", "b"}, {"user", "c"}};
    FOREBAY_TRY(engine::Tokens first, prompt_of(chat_template, vocabulary, probe, 1));
    FOREBAY_TRY_VOID(vocabulary.append_tokens(first, "b", engine::Specials::as_text));
    const auto second = prompt_of(chat_template, vocabulary, probe, 3);
    if (second && second->size() > first.size() && std::ranges::equal(first, std::span(*second).first(first.size()))) {
        const llama_token next = (*second)[first.size()];
        if (llama_vocab_is_eog(vocab, next)) return next;
    }
    const llama_token turn = llama_vocab_eot(vocab);
    return turn == LLAMA_TOKEN_NULL ? llama_vocab_eos(vocab) : turn;
}

Result<llama_token> turn_end_named(const engine::Vocabulary& vocabulary, const llama_vocab* vocab,
                                   const std::string& name) {
    engine::Tokens tokens;
    FOREBAY_TRY_VOID(vocabulary.append_tokens(tokens, name, engine::Specials::as_tokens));
    if (tokens.size() == 1 && llama_vocab_is_eog(vocab, tokens.front())) return tokens.front();
    return fail(Code::invalid_argument, "turn_end '{}' is not a token that ends a generation in this vocabulary", name);
}

}  // namespace

RowEncoder::RowEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowEncoder::~RowEncoder() = default;

Result<std::unique_ptr<RowEncoder>> RowEncoder::open_blocking(const std::string& metadata_file, LossOn loss,
                                                              const std::string& turn_end) {
    FOREBAY_TRY_VOID(engine::load_backends_blocking({}));
    auto impl = std::make_unique<Impl>();
    llama_model_params parameters = llama_model_default_params();
    parameters.vocab_only = true;
    impl->model.reset(llama_model_load_from_file(metadata_file.c_str(), parameters));
    if (!impl->model) return fail(Code::invalid_argument, "llama.cpp cannot read the vocabulary in {}", metadata_file);
    impl->vocabulary = std::make_unique<engine::Vocabulary>(*impl->model);
    FOREBAY_TRY(impl->chat_template, engine::ChatTemplate::open(*impl->model, *impl->vocabulary));
    const llama_vocab* vocabulary = llama_model_get_vocab(impl->model.get());
    FOREBAY_TRY(impl->turn_end, turn_end.empty() ? turn_end_of(*impl->chat_template, *impl->vocabulary, vocabulary)
                                                 : turn_end_named(*impl->vocabulary, vocabulary, turn_end));
    if (impl->turn_end == LLAMA_TOKEN_NULL) {
        return fail(Code::invalid_argument, "the vocabulary in {} has no token that ends a turn", metadata_file);
    }
    impl->loss = loss;
    return std::unique_ptr<RowEncoder>(new RowEncoder(std::move(impl)));
}

std::int32_t RowEncoder::vocabulary_tokens() const { return impl_->vocabulary->size(); }

Result<std::vector<TokenRow>> RowEncoder::encode(const registry::Row& row, std::uint32_t context) const {
    std::vector<TokenRow> out;
    if (row.messages.empty()) {
        engine::Tokens tokens;
        impl_->vocabulary->append_begin(tokens);
        FOREBAY_TRY_VOID(impl_->vocabulary->append_tokens(tokens, row.text, engine::Specials::as_text));
        tokens.push_back(impl_->turn_end);
        for (std::size_t at = 0; at < tokens.size(); at += context) {
            const std::size_t end = std::min(tokens.size(), at + context);
            TokenRow piece;
            append(piece,
                   engine::Tokens(tokens.begin() + static_cast<std::ptrdiff_t>(at),
                                  tokens.begin() + static_cast<std::ptrdiff_t>(end)),
                   true);
            out.push_back(std::move(piece));
        }
        return out;
    }
    TokenRow current;
    for (std::size_t i = 0; i < row.messages.size(); ++i) {
        if (row.messages[i].role != "assistant") continue;
        engine::GenerateRequest request;
        request.chat_json = chat_json(row.messages, i);
        FOREBAY_TRY(engine::Tokens prompt, engine::make_prompt(request, *impl_->chat_template, *impl_->vocabulary));
        if (!begins_with(prompt, current)) {
            out.push_back(std::move(current));
            current = {};
        }
        prompt.erase(prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(current.tokens.size()));
        append(current, prompt, impl_->loss == LossOn::all);
        engine::Tokens answer;
        FOREBAY_TRY_VOID(impl_->vocabulary->append_tokens(answer, row.messages[i].content, engine::Specials::as_text));
        answer.push_back(impl_->turn_end);
        append(current, answer, true);
    }
    out.push_back(std::move(current));
    return out;
}

}  // namespace forebay::training
