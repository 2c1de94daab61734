#pragma once
#include <cstdint>

#include "training/recipe.h"

namespace forebay::training {

// The rate of step `step` (from 0) of `steps`: a linear warm-up to the peak, then down to the floor. Cosine as in
// Loshchilov and Hutter, arXiv 1608.03983, without restarts.
double learning_rate_at(const LearningRate& settings, std::uint64_t step, std::uint64_t steps);

}  // namespace forebay::training
