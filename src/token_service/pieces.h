// A rendered prompt's pieces in a tokenizer's tokens, as engine/prompt.cpp makes tokens of them in a worker.
#pragma once
#include <span>

#include "engine/special_text.h"
#include "token_service/count.h"

namespace forebay::token_service {

std::size_t count_pieces(const tokenizer::Tokenizer& tokenizer, std::span<const engine::PromptPiece> pieces);
void append_pieces(Tokens& tokens, const tokenizer::Tokenizer& tokenizer, std::span<const engine::PromptPiece> pieces);

}  // namespace forebay::token_service
