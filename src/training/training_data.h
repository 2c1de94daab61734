// A recipe's rows, read, checked, split and encoded.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "gradients/batch.h"
#include "registry/dataset.h"
#include "training/recipe.h"
#include "training/row_encoder.h"
#include "training/run_folder.h"

namespace forebay::training {

// Rows as they stand in the files.
struct RawData {
    std::vector<registry::Row> train;
    std::vector<registry::Row> evaluation;
    std::vector<std::string> digests;  // of the files: train, then evaluation where it is one
};

struct EncodedData {
    std::vector<gradients::TokenRow> train;
    std::vector<gradients::TokenRow> evaluation;
    std::uint64_t tokens = 0;    // of train
    std::uint64_t longest = 0;   // tokens of the longest training row
    std::uint64_t left_out = 0;  // rows longer than the recipe's context, or that predict nothing
};

// One file's rows; malformed ones are an error, as below. Blocks.
Result<std::vector<registry::Row>> read_rows_or_fail_blocking(const std::string& file, Format format);

// invalid_argument: malformed rows; the message has the first of them with file and line, and how many more there are.
// Blocks.
Result<RawData> read_data_blocking(const Recipe& recipe);

// The same for a run, which notes the files' digests; conflict: a run that goes on finds other data than it began with.
Result<RawData> read_run_data_blocking(const Recipe& recipe, RunFolder& folder);

// invalid_argument: a row that the template refuses, with its line; no row is left.
Result<EncodedData> encode_data(const Recipe& recipe, const RawData& raw, const RowEncoder& encoder);

}  // namespace forebay::training
