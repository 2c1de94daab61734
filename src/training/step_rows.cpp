#include "training/step_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/random.h"

namespace forebay::training {
namespace {

std::vector<std::uint64_t> shuffled(std::uint64_t count, std::uint64_t seed) {
    std::vector<std::uint64_t> order(count);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    // The bias of a remainder is under 2^-32 for any dataset that fits a disk.
    for (std::uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[next_repeatable(seed) % i]);
    return order;
}

}  // namespace

std::uint64_t StepRows::row_at(std::uint64_t position) {
    const std::uint64_t epoch = position / rows_;
    if (epoch != shuffled_epoch_) {
        order_ = shuffled(rows_, seed_ * 1'000'003 + epoch);
        shuffled_epoch_ = epoch;
    }
    return order_[position % rows_];
}

std::vector<std::uint64_t> StepRows::of(std::uint64_t step) {
    std::vector<std::uint64_t> out;
    for (std::uint32_t i = 0; i < batch_; ++i) out.push_back(row_at(step * batch_ + i));
    return out;
}

std::vector<std::uint64_t> choose_rows(std::uint64_t rows, std::uint64_t count, std::uint64_t seed) {
    std::vector<std::uint64_t> order = shuffled(rows, ~seed);
    order.resize(std::min(rows, count));
    std::ranges::sort(order);
    return order;
}

}  // namespace forebay::training
