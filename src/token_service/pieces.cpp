#include "token_service/pieces.h"

namespace forebay::token_service {
namespace {

tokenizer::EncodeOptions options_of(const engine::PromptPiece& piece) {
    return {.specials = piece.plain ? tokenizer::Specials::as_text : tokenizer::Specials::as_tokens};
}

}  // namespace

std::size_t count_pieces(const tokenizer::Tokenizer& tokenizer, std::span<const engine::PromptPiece> pieces) {
    std::size_t tokens = 0;
    for (const auto& piece : pieces) tokens += tokenizer.count(piece.text, options_of(piece));
    return tokens;
}

void append_pieces(Tokens& tokens, const tokenizer::Tokenizer& tokenizer, std::span<const engine::PromptPiece> pieces) {
    for (const auto& piece : pieces) tokenizer.append_tokens(tokens, piece.text, options_of(piece));
}

}  // namespace forebay::token_service
