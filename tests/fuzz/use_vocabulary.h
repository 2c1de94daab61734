// What a program does with a vocabulary out of a file that somebody else made.
#pragma once
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/token_table.h"
#include "tokenizer/vocabulary.h"

// Encodes with it, if tokens can be made of it at all.
inline void use_vocabulary(const forebay::Result<forebay::tokenizer::Vocabulary>& vocabulary) {
    using namespace forebay::tokenizer;
    if (!vocabulary) {
        if (vocabulary.error().message.empty()) std::abort();
        return;
    }
    auto table = TokenTable::build(*vocabulary);
    if (!table) return;
    const auto tokenizer = make_bpe_tokenizer(*std::move(table));
    if (!tokenizer) return;
    const std::string text = "the ab aaaa 12\n\xE5\xB7\x9D\xFF <s>";
    std::vector<TokenId> tokens;
    for (const Specials specials : {Specials::as_text, Specials::as_tokens}) {
        tokens.clear();
        (*tokenizer)->append_tokens(tokens, text, {specials, true});
        if ((*tokenizer)->count(text, {specials, true}) != tokens.size()) std::abort();
        if (!(*tokenizer)->decode(tokens, Specials::as_tokens)) std::abort();
    }
}
