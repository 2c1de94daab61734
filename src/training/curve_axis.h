// An axis of a plot: where a value lies, and which values get a tick.
#pragma once
#include <vector>

namespace forebay::training {

// Multiples of 1, 2 or 5 times a power of ten between `low` and `high`, about `count` of them. low < high.
std::vector<double> linear_ticks(double low, double high, double count);

class Axis {
public:
    // `at_low` and `at_high`: where the ends are in the picture. low < high.
    static Axis linear(double low, double high, double at_low, double at_high);
    // With some room at the ends; logarithmic as soon as `high` is four times `low`. Values above 1e30 do not belong
    // here.
    static Axis of_losses(double low, double high, double at_low, double at_high);

    double at(double value) const;
    bool is_logarithmic() const { return logarithmic_; }
    std::vector<double> ticks() const;

private:
    // Logarithms, when `logarithmic`.
    Axis(double low, double high, double at_low, double at_high, bool logarithmic)
        : low_(low), high_(high), at_low_(at_low), at_high_(at_high), logarithmic_(logarithmic) {}

    double low_;
    double high_;
    double at_low_;
    double at_high_;
    bool logarithmic_;
};

}  // namespace forebay::training
