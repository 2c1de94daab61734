#include "engine/vocabulary.h"

#include <algorithm>
#include <exception>
#include <limits>

namespace forebay::engine {

Vocabulary::Vocabulary(const llama_model& model)
    : vocab_(llama_model_get_vocab(&model)), size_(llama_vocab_n_tokens(vocab_)) {}

Result<void> Vocabulary::append_tokens(Tokens& tokens, std::string_view text, Specials specials) const {
    if (text.empty()) return {};
    // Every token but an added space stands for at least one byte.
    constexpr std::size_t slack = 16;
    if (text.size() > std::numeric_limits<std::int32_t>::max() - slack) {
        return fail(Code::invalid_argument, "a text of {} bytes is too long for the tokenizer", text.size());
    }
    const std::size_t before = tokens.size();
    tokens.resize(before + text.size() + slack);
    const auto call = [&] {
        return llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data() + before,
                              static_cast<std::int32_t>(tokens.size() - before), false,
                              specials == Specials::as_tokens);
    };
    std::int32_t count = 0;
    try {
        count = call();
        if (count < 0 && count != std::numeric_limits<std::int32_t>::min()) {
            tokens.resize(before + static_cast<std::size_t>(-count));
            count = call();
        }
    } catch (const std::exception& error) {
        return fail(Code::internal, "the tokenizer failed: {}", error.what());
    }
    if (count < 0) return fail(Code::invalid_argument, "a text of {} bytes is too long for the tokenizer", text.size());
    tokens.resize(before + static_cast<std::size_t>(count));
    return {};
}

void Vocabulary::append_begin(Tokens& tokens) const {
    if (adds_begin() && llama_vocab_bos(vocab_) != LLAMA_TOKEN_NULL) tokens.push_back(llama_vocab_bos(vocab_));
}

void Vocabulary::append_bytes(std::string& bytes, llama_token token) const {
    const std::size_t before = bytes.size();
    bytes.resize(before + 64);
    std::int32_t count = llama_token_to_piece(vocab_, token, bytes.data() + before, 64, 0, false);
    if (count < 0) {
        bytes.resize(before + static_cast<std::size_t>(-count));
        count = llama_token_to_piece(vocab_, token, bytes.data() + before, -count, 0, false);
    }
    bytes.resize(before + static_cast<std::size_t>(std::max(count, 0)));
}

llama_token Vocabulary::begin_or_end_token() const {
    const llama_token begin = llama_vocab_bos(vocab_);
    return begin != LLAMA_TOKEN_NULL ? begin : llama_vocab_eos(vocab_);
}

std::vector<std::string> Vocabulary::control_texts() const {
    std::vector<std::string> texts;
    for (llama_token token = 0; token < size_; ++token) {
        const auto attributes = llama_vocab_get_attr(vocab_, token);
        if ((attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) == 0) continue;
        const char* text = llama_vocab_get_text(vocab_, token);
        if (text && *text) texts.emplace_back(text);
    }
    return texts;
}

}  // namespace forebay::engine
