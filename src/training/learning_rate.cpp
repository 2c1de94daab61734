#include "training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace forebay::training {

double learning_rate_at(const LearningRate& settings, std::uint64_t step, std::uint64_t steps) {
    const double warm_steps = std::floor(settings.warm_up * static_cast<double>(steps));
    const auto at = static_cast<double>(step);
    if (at < warm_steps) return settings.peak * (at + 1) / warm_steps;
    const double rest = std::max(1.0, static_cast<double>(steps) - 1 - warm_steps);
    const double done = std::min(1.0, (at - warm_steps) / rest);
    switch (settings.schedule) {
        case Schedule::constant: return settings.peak;
        case Schedule::linear: return settings.peak * (1 - (1 - settings.floor) * done);
        case Schedule::cosine: break;
    }
    const double part = 0.5 * (1 + std::cos(std::numbers::pi * done));
    return settings.peak * (settings.floor + (1 - settings.floor) * part);
}

}  // namespace forebay::training
