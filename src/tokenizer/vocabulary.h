// Vocabulary: what a tokenizer file says, whatever its format, before anything is built from it.
//
// Made by rank_file.h, gguf_tokenizer.h, tokenizer_json.h and, in training, bpe_trainer.h; read by token_table.h and
// sentence_piece.h.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/token_id.h"

namespace forebay::tokenizer {

// U+2581, which stands for a space inside tokens of vocabularies over characters.
inline constexpr std::string_view space_mark = "\xE2\x96\x81";

enum class VocabularyKind : std::uint8_t {
    ranks,           // byte-level BPE, merged in the order of ids (tiktoken's rank files)
    byte_merges,     // byte-level BPE with a merge list (GPT-2, Llama 3, Qwen)
    text_merges,     // BPE with a merge list over characters, bytes where a character has no token (Gemma 4)
    sentence_piece,  // SentencePiece BPE by scores, with byte tokens (Llama 2, Phi 3)
};

enum class TokenKind : std::uint8_t { normal, unknown, control, user_defined, unused, byte };

struct Token {
    std::string bytes;  // what it stands for: byte-level spellings undone ("Ġthe" is " the"), "▁" kept
    TokenKind kind = TokenKind::normal;
    bool strip_left = false, strip_right = false;  // special tokens: white space beside it belongs to it
    float score = 0;                               // sentence_piece
};

// Which of the special tokens in a text is cut out first, where they overlap.
enum class SpecialOrder : std::uint8_t {
    longest_first,  // llama.cpp
    leftmost,       // of those that begin there the longest: tiktoken, Hugging Face
};

struct Merge {
    std::string left, right;  // bytes
};

struct Vocabulary {
    VocabularyKind kind = VocabularyKind::ranks;
    std::string name;
    std::string source;
    std::string splitter;             // for find_splitter; empty: the whole text is one piece
    std::vector<Token> tokens;        // by id; holes are `unused` and empty
    std::vector<Merge> merges;        // in order of priority; of kinds with a merge list
    bool whole_pieces_first = false;  // a piece that is a token needs no merges ("ignore_merges")
    bool space_prefix = false;        // sentence_piece: a space before the text
    bool spaces_are_marks = false;    // " " is written "▁" (U+2581) inside tokens
    bool add_begin = false, add_end = false;
    TokenId begin = -1, end = -1, unknown = -1;
    SpecialOrder special_order = SpecialOrder::longest_first;
};

}  // namespace forebay::tokenizer
