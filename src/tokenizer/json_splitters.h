// Which splitter does what the pre_tokenizer of a tokenizer.json says.
#pragma once
#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::tokenizer {

// What a pre_tokenizer comes to.
struct JsonSplitting {
    std::string splitter;     // empty: the whole text is one piece
    bool byte_level = false;  // the model is one over bytes
};

// `file` names it in errors. `spaces_are_marks`: the normalizer has written "▁" for " " before. invalid_argument: not a
// pre_tokenizer; unavailable: steps or a pattern that no splitter does, which is quoted.
Result<JsonSplitting> read_json_splitting(simdjson::dom::element pre_tokenizer, bool spaces_are_marks,
                                          std::string_view file);

}  // namespace forebay::tokenizer
