// Scoring: a model's greedy answers to rows that it was never trained on, compared with the rows' own answers.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "registry/dataset.h"
#include "training/run_folder.h"

namespace forebay::training {

struct ScoreOptions {
    std::string model_file;
    std::uint32_t threads = 0;
    std::uint32_t tokens_max = 512;  // of an answer
    std::uint32_t slots = 8;         // answered side by side
    // Called after each answer, on this call's thread.
    std::function<void(std::uint64_t done, std::uint64_t of)> on_row;
};

// Answers all `rows` (chats; the last message is what is expected). Where the expected answer is a JSON object, the
// answer is compared as one: key order and spacing do not matter. Blocks.
Result<ScoreResult> score_blocking(const ScoreOptions& options, const std::vector<registry::Row>& rows);

// Compares one answer and adds it to the counts: the arithmetic of a score, without a model.
class ScoreCount {
public:
    void add(std::string_view expected, std::string_view answer);
    ScoreResult result() const;

private:
    struct Field {
        std::uint64_t expected = 0;
        std::uint64_t equal = 0;
    };
    std::uint64_t rows_ = 0;
    std::uint64_t json_rows_ = 0;
    std::uint64_t valid_ = 0;
    std::uint64_t exact_ = 0;
    std::vector<std::pair<std::string, Field>> fields_;  // in the order of their first row
};

}  // namespace forebay::training
