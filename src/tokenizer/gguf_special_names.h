// What llama.cpp makes of tokens by their spelling alone, whatever the file says of them.
#pragma once
#include <string>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

// Ids that a GGUF file names for the places between which a model fills in; -1: not named.
struct FillInTokens {
    TokenId prefix = -1, suffix = -1, middle = -1, pad = -1, repository = -1, separator = -1;
};

// Changes the kinds of tokens in `vocabulary`. `spellings` are the tokens' texts in the file, by id.
void apply_special_names(Vocabulary& vocabulary, const std::vector<std::string>& spellings, const FillInTokens& named);

}  // namespace forebay::tokenizer
