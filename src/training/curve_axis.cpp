#include "training/curve_axis.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace forebay::training {
namespace {

constexpr double log_axis_ratio = 4;           // of the largest to the smallest loss
constexpr double log_axis_part_least = 1e-12;  // of the largest: what is smaller lies below the picture
constexpr double ticks_most = 9;

// 1, 2 or 5 times a power of ten, at least `least`.
double nice_step(double least) {
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= least * (1 - 1e-9)) return factor * power;
    }
    return 10 * power;
}

// The finest of some usual divisions of a decade that is not crowded.
std::vector<double> log_ticks(double low, double high) {
    static const std::vector<std::vector<double>> divisions{
        {1, 1.5, 2, 3, 4, 5, 7}, {1, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}};
    std::vector<double> ticks;
    for (const auto& division : divisions) {
        ticks.clear();
        for (double power = std::floor(std::log10(low)); power <= std::ceil(std::log10(high)); ++power) {
            for (const double factor : division) {
                const double tick = factor * std::pow(10, power);
                if (tick >= low && tick <= high) ticks.push_back(tick);
            }
        }
        if (static_cast<double>(ticks.size()) <= ticks_most) break;
    }
    return ticks;
}

}  // namespace

std::vector<double> linear_ticks(double low, double high, double count) {
    std::vector<double> ticks;
    const double step = nice_step((high - low) / count);
    for (double index = std::ceil(low / step - 1e-9); index * step <= high + step * 1e-9; ++index) {
        ticks.push_back(index * step);
    }
    return ticks;
}

Axis Axis::linear(double low, double high, double at_low, double at_high) {
    return Axis(low, high, at_low, at_high, false);
}

Axis Axis::of_losses(double low, double high, double at_low, double at_high) {
    if (low > 0 && high >= low * log_axis_ratio) {
        const double least = std::log(std::max(low, high * log_axis_part_least));
        const double most = std::log(high);
        const double pad = (most - least) * 0.05;
        return Axis(least - pad, most + pad, at_low, at_high, true);
    }
    // Never so little that the ticks would be equal numbers.
    const double pad = std::max({(high - low) * 0.06, std::abs(high) * 1e-3, 1e-6});
    return Axis(low >= 0 ? std::max(0.0, low - pad) : low - pad, high + pad, at_low, at_high, false);
}

double Axis::at(double value) const {
    const double clean = logarithmic_ ? std::log(std::max(value, std::numeric_limits<double>::min())) : value;
    return at_low_ + (clean - low_) / (high_ - low_) * (at_high_ - at_low_);
}

std::vector<double> Axis::ticks() const {
    return logarithmic_ ? log_ticks(std::exp(low_), std::exp(high_)) : linear_ticks(low_, high_, 6);
}

}  // namespace forebay::training
