#include "training/step_rows.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace forebay::training {
namespace {

// splitmix64: the same numbers on every machine, unlike the standard library's distributions.
class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t limit) {
        // The bias of a remainder is under 2^-32 for any dataset that fits a disk.
        return next() % limit;
    }

private:
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

std::vector<std::uint64_t> shuffled(std::uint64_t count, std::uint64_t seed) {
    std::vector<std::uint64_t> order(count);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    Numbers numbers(seed);
    for (std::uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[numbers.below(i)]);
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
