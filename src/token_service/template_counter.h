// Counting for a model of ours: its own chat template and its own tokenizer, both from its GGUF file.
//
// Exact    the tokens that a worker makes of the same call (engine/prompt.cpp): the same rendering, the same pieces.
// Threads  any; renderings of one model take turns.
#pragma once
#include <string>

#include "token_service/count.h"

namespace forebay::token_service {

// The template and the vocabulary of `model_file`, without its weights; `tokenizer` is the one of the same file.
// not_found, invalid_argument: no such file, damaged, without a vocabulary, a template that does not parse. Blocks.
Result<ChatCounterPtr> open_template_counter_blocking(const std::string& model_file, tokenizer::TokenizerPtr tokenizer);

}  // namespace forebay::token_service
