#include "tokenizer/bpe.h"

#include <algorithm>

#include "tokenizer/merge_piece.h"
#include "tokenizer/piece_table.h"
#include "tokenizer/pre_tokenizer.h"

namespace forebay::tokenizer {
namespace {

constexpr std::size_t piece_bytes_max = std::size_t{1} << 30;

}  // namespace

struct BpeTokenizer::Impl {
    BpeVocabulary vocabulary;
    MergeRules rules;
    PieceTable whole;  // tokens that the merges make of their own bytes

    explicit Impl(BpeVocabulary given) : vocabulary(std::move(given)), rules(vocabulary), whole(vocabulary.tokens) {
        // Not every vocabulary reaches each of its tokens: the merges decide, as in llama.cpp.
        std::vector<TokenId> tokens;
        for (std::size_t i = 0; i < byte_tokens + vocabulary.merges.size(); ++i) {
            tokens.clear();
            append_merged(tokens, vocabulary.tokens[i], rules);
            if (tokens.size() == 1) whole.add(tokens[0]);
        }
    }
};

BpeTokenizer::BpeTokenizer(BpeVocabulary vocabulary) {
    FOREBAY_CHECK(check_vocabulary(vocabulary).has_value());
    impl_ = std::make_unique<const Impl>(std::move(vocabulary));
}

BpeTokenizer::~BpeTokenizer() = default;
BpeTokenizer::BpeTokenizer(BpeTokenizer&&) noexcept = default;
BpeTokenizer& BpeTokenizer::operator=(BpeTokenizer&&) noexcept = default;

const BpeVocabulary& BpeTokenizer::vocabulary() const { return impl_->vocabulary; }

void BpeTokenizer::append_tokens(std::vector<TokenId>& out, std::string_view text) const {
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, std::min(next_piece_qwen2(text), piece_bytes_max));
        if (const TokenId token = impl_->whole.find(piece); token >= 0) {
            out.push_back(token);
        } else {
            append_merged(out, piece, impl_->rules);
        }
        text.remove_prefix(piece.size());
    }
}

std::string_view BpeTokenizer::bytes_of(TokenId token) const {
    const auto index = static_cast<std::size_t>(token);
    if (token < 0 || index >= impl_->vocabulary.tokens.size()) return {};
    return impl_->vocabulary.tokens[index];
}

TokenId BpeTokenizer::control(std::string_view text) const {
    const std::vector<std::string>& control = impl_->vocabulary.control;
    const auto found = std::find(control.begin(), control.end(), text);
    if (found == control.end()) return -1;
    return static_cast<TokenId>(impl_->vocabulary.tokens.size() - control.size() + (found - control.begin()));
}

}  // namespace forebay::tokenizer
