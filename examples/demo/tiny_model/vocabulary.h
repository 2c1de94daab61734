// The vocabulary that both toy models share.
//
// A SentencePiece tokenizer joins neighbouring pieces as long as the result is a token, so each word of
// the story needs all its beginnings as tokens too. Characters and bytes cover every other text.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "story.h"

namespace forebay::tiny {

enum class TokenKind : std::int32_t { normal = 1, unknown = 2, control = 3, byte = 6 };  // GGUF's numbers

struct Token {
    std::string text;  // with U+2581 for a leading space
    float score = 0;
    TokenKind kind = TokenKind::normal;
    std::string word;  // the word of the story that this token is; empty for all others
};

struct Vocabulary {
    std::vector<Token> tokens;
    std::map<std::string, std::int32_t, std::less<>> index_by_text;

    std::int32_t find(std::string_view text) const;  // -1: no such token
};

inline constexpr std::int32_t token_unknown = 0;
inline constexpr std::int32_t token_begin = 1;
inline constexpr std::int32_t token_end = 2;
inline constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581
inline constexpr std::string_view turn_begin = "<|im_start|>";
inline constexpr std::string_view turn_end = "<|im_end|>";
inline constexpr std::string_view newline_token = "<0x0A>";

Vocabulary make_vocabulary(const std::vector<Sentence>& sentences);

}  // namespace forebay::tiny
