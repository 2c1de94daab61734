// Which rows a step trains on: all rows in an order of its own for each epoch, cut into steps. Depends on the seed and
// the step alone, so that a resumed run needs no other state.
#pragma once
#include <cstdint>
#include <vector>

namespace forebay::training {

class StepRows {
public:
    StepRows(std::uint64_t rows, std::uint32_t batch, std::uint64_t seed) : rows_(rows), batch_(batch), seed_(seed) {}

    std::uint64_t steps(std::uint32_t epochs) const { return (rows_ * epochs + batch_ - 1) / batch_; }
    // The row numbers of step `step` (from 0), as many as `batch`.
    std::vector<std::uint64_t> of(std::uint64_t step);

private:
    std::uint64_t row_at(std::uint64_t position);

    std::uint64_t rows_;
    std::uint32_t batch_;
    std::uint64_t seed_;
    std::uint64_t shuffled_epoch_ = UINT64_MAX;
    std::vector<std::uint64_t> order_;
};

// `count` numbers below `rows` chosen by the seed, in rising order: the part held back for evaluation.
std::vector<std::uint64_t> choose_rows(std::uint64_t rows, std::uint64_t count, std::uint64_t seed);

}  // namespace forebay::training
