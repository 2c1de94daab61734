// Merges inside one piece: always the earliest merge of the list that applies, and of its places the leftmost.
#pragma once
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/bpe_vocabulary.h"
#include "tokenizer/pair_map.h"

namespace forebay::tokenizer {

// What of a vocabulary the merging needs.
struct MergeRules {
    std::array<TokenId, byte_tokens> token_of_byte{};
    PairMap merge_of;                 // index into the merge list
    std::vector<std::uint32_t> size;  // of each token, in bytes
    std::vector<std::pair<TokenId, TokenId>> merges;

    explicit MergeRules(const BpeVocabulary& vocabulary);
};

// Appends the tokens of `piece`, which has 1 byte to 1 GiB. Any thread.
void append_merged(std::vector<TokenId>& out, std::string_view piece, const MergeRules& rules);

}  // namespace forebay::tokenizer
