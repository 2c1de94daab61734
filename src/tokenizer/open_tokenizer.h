// Opens the tokenizer in a file, whatever its format; keeps the table that is built of it, so that the next start maps
// that instead.
//
// Threads  any; processes may share a cache folder.
#pragma once
#include <string>

#include "base/error.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace forebay::tokenizer {

struct OpenSettings {
    // Where tables are kept; made if it is missing, never emptied. Empty: nowhere. A table is found by what it was
    // built of: one of another file, of a changed file or of an older program is not taken.
    std::string cache_folder;
};

// A GGUF model, a tokenizer.json or a folder with one, a rank file (.tiktoken), or a table that was kept, which is
// taken as it is. not_found; invalid_argument: not such a file, or damaged, with the place; unavailable: a kind of
// tokenizer that is not built in, with the reason. A cache that cannot be used is logged and costs time only. Blocks
// for a second or several without a cache, for hundredths with one.
Result<TokenizerPtr> open_tokenizer_blocking(const std::string& path, const OpenSettings& settings = {});

// What the file says, without a table.
Result<Vocabulary> read_vocabulary_blocking(const std::string& path);

}  // namespace forebay::tokenizer
