// Byte-level BPE as the textbook has it: the slow truth that this folder's tests compare with.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_trainer.h"

namespace forebay::tokenizer {

// The merges that train_bpe should find: all pairs are counted anew for each.
std::vector<std::pair<std::string, std::string>> naive_merges(std::string_view corpus, const BpeOptions& options);

// The tokens that a tokenizer should give for one piece: the earliest merge, leftmost place, is looked for anew each
// time.
std::vector<TokenId> naive_tokens(const BpeVocabulary& vocabulary, std::string_view piece);

}  // namespace forebay::tokenizer
