#include "tokenizer/special_tokens.h"

#include <algorithm>

namespace forebay::tokenizer {

std::vector<SpecialToken> special_tokens_of(const Vocabulary& vocabulary) {
    std::vector<SpecialToken> special;
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const Token& token = vocabulary.tokens[id];
        const bool is_special = token.kind == TokenKind::control || token.kind == TokenKind::unknown ||
                                token.kind == TokenKind::user_defined;
        if (!is_special || token.bytes.empty()) continue;
        special.push_back({token.bytes, static_cast<TokenId>(id), token.kind, token.strip_left, token.strip_right});
    }
    return special;
}

SpecialTokens::SpecialTokens(const std::vector<SpecialToken>& tokens, SpecialOrder order) {
    std::vector<const SpecialToken*> ranked;
    for (const SpecialToken& token : tokens) ranked.push_back(&token);
    // llama.cpp sorts its list, by id, in this same way. The order of equals is the library's, so that only the same
    // sort gives the same order.
    std::sort(ranked.begin(), ranked.end(),
              [](const SpecialToken* a, const SpecialToken* b) { return a->text.size() > b->text.size(); });
    std::vector<SpecialSet::Entry> always, all;
    for (const SpecialToken* token : ranked) {
        const auto rank = static_cast<std::uint32_t>(all.size());
        all.push_back({token->text, token->id, rank, token->strip_left, token->strip_right});
        if (token->kind == TokenKind::user_defined) always.push_back(all.back());
    }
    always_ = SpecialSet(std::move(always), order);
    all_ = SpecialSet(std::move(all), order);
}

void SpecialTokens::cut(std::vector<Segment>& out, std::string_view text, Specials specials) const {
    std::vector<SpecialSet::Match> matches;
    set_of(specials).find(matches, text);
    std::size_t at = 0;
    for (const SpecialSet::Match& match : matches) {
        if (match.begin > at) out.push_back({text.substr(at, match.begin - at), -1});
        out.push_back({text.substr(match.begin, match.end - match.begin), match.entry->id});
        at = match.end;
    }
    if (at < text.size()) out.push_back({text.substr(at), -1});
}

}  // namespace forebay::tokenizer
