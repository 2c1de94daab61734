// Rank files (.tiktoken): a token a line, as base64, a space and its rank, which is its id and its priority when
// merging.
//
// Source   tiktoken: load.py for the format, openai_public.py for the encodings' special tokens.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/special_tokens.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

// An encoding that OpenAI published: a rank file, how text is cut, special tokens.
struct RankEncoding {
    std::string_view name;
    std::string_view file;  // the rank file's name, without ".tiktoken"
    std::string_view splitter;
};

// r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base, o200k_harmony.
std::span<const RankEncoding> rank_encodings();
// Null: there is none of that name.
const RankEncoding* find_rank_encoding(std::string_view name);

// By id; an id may have two spellings, of which the first is the one to show.
std::vector<SpecialToken> special_tokens_of(const RankEncoding& encoding);

// What to make of a rank file. The splitter of an unknown encoding is cl100k_base's unless it is given.
struct RankFileSettings {
    std::string name = {};      // of the encoding; empty: the file's name without its ending
    std::string splitter = {};  // empty: the encoding's
};

// invalid_argument: the line that is wrong, or the byte that has no token.
Result<Vocabulary> parse_rank_file(std::string_view text, std::string_view source, const RankFileSettings& settings);
// The same of a file, and not_found. Blocks.
Result<Vocabulary> read_rank_file_blocking(const std::string& path, RankFileSettings settings = {});

}  // namespace forebay::tokenizer
