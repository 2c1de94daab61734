// A Tokenizer over a TokenTable: byte-level BPE by ranks or merges, BPE over characters, SentencePiece BPE.
#pragma once
#include <vector>

#include "base/error.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/token_table.h"
#include "tokenizer/tokenizer.h"

namespace forebay::tokenizer {

// not_found: the table names a splitter that there is none of.
Result<TokenizerPtr> make_bpe_tokenizer(TokenTable table);

// The same table under another name and with other special tokens, whose ids may be above the table's.
// invalid_argument: an id is one of an ordinary token.
Result<TokenizerPtr> make_bpe_tokenizer(TokenTable table, std::string name, std::vector<SpecialToken> specials);

}  // namespace forebay::tokenizer
