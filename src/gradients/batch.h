// Rows of tokens, grouped so that little padding is computed.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace forebay::gradients {

// One row: token i is predicted from those before it where predicted[i] is 1; predicted[0] is never looked at.
struct TokenRow {
    std::vector<std::int32_t> tokens;
    std::vector<std::uint8_t> predicted;

    std::uint64_t predictions() const {
        std::uint64_t total = 0;
        for (std::size_t i = 1; i < predicted.size(); ++i) total += predicted[i];
        return total;
    }
};

// What one graph computes at once: rows padded to the longest. The pointers live as long as the step.
struct MicroBatch {
    std::vector<const TokenRow*> rows;

    // Padded inputs of a row (its last token is only predicted): in whole vectors of 16, for ggml's fast products.
    std::int64_t row_tokens() const {
        std::size_t longest = 2;
        for (const TokenRow* row : rows) longest = std::max(longest, row->tokens.size());
        return static_cast<std::int64_t>((longest - 1 + 15) / 16 * 16);
    }
    std::uint64_t predictions() const {
        std::uint64_t total = 0;
        for (const TokenRow* row : rows) total += row->predictions();
        return total;
    }
    std::uint64_t tokens() const {
        std::uint64_t total = 0;
        for (const TokenRow* row : rows) total += row->tokens.size();
        return total;
    }
};

// Cuts a step's rows into micro-batches of at most `tokens_max` padded tokens (a longer row is one alone), rows of like
// length together, the largest first. Depends on the rows alone: the same step is always cut the same way.
std::vector<MicroBatch> cut_into_micro_batches(std::vector<const TokenRow*> rows, std::int64_t tokens_max);

}  // namespace forebay::gradients
