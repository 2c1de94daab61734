#include "metrics/registry.h"

#include <prometheus/text_serializer.h>

namespace forebay::metrics {

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

Histogram& Registry::histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                               const Labels& labels) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels, buckets);
}

void Registry::before_render(std::function<void()> update) {
    const std::lock_guard lock(mutex_);
    updates_.push_back(std::move(update));
}

std::string Registry::render() {
    {
        const std::lock_guard lock(mutex_);
        for (const auto& update : updates_) update();
    }
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

void raise_to(Counter& counter, double total) {
    if (const double missing = total - counter.Value(); missing > 0) counter.Increment(missing);
}

const std::vector<double>& call_seconds() {
    static const std::vector<double> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                            1,     2.5,    5,     10,   20,    40,   80,  160,  320};
    return bounds;
}

const std::vector<double>& token_gap_seconds() {
    static const std::vector<double> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
                                            0.1,   0.15,   0.25,  0.5,  1,     2.5,  10};
    return bounds;
}

}  // namespace forebay::metrics
