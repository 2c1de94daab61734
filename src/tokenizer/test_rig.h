// What this folder's tests share.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/splitter.h"

namespace forebay::tokenizer {

inline TokenizerPtr tokenizer_of(const Vocabulary& vocabulary) {
    return make_bpe_tokenizer(TokenTable::build(vocabulary).value()).value();
}
inline TokenizerPtr tokenizer_of(const BpeVocabulary& vocabulary) { return tokenizer_of(as_vocabulary(vocabulary)); }

inline std::vector<TokenId> tokens_of(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
    std::vector<TokenId> tokens;
    tokenizer.append_tokens(tokens, text, options);
    return tokens;
}

inline std::string text_of(const Tokenizer& tokenizer, const std::vector<TokenId>& tokens) {
    return tokenizer.decode(tokens, Specials::as_tokens).value();
}

inline std::vector<std::string_view> pieces_of(std::string_view splitter, std::string_view text) {
    const Splitter& cutter = *find_splitter(splitter).value();
    std::array<std::uint32_t, 7> ends;
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t count = cutter.split(text, at, ends);
        for (std::size_t i = 0; i < count; at = ends[i++]) pieces.push_back(text.substr(at, ends[i] - at));
    }
    return pieces;
}

}  // namespace forebay::tokenizer
