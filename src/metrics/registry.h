// Metrics: one Prometheus registry per process, on prometheus-cpp.
//
// Floor    1. Every module above registers what it measures; /metrics renders all of it.
// Threads  any. Keep the reference that counter(), gauge() or histogram() gave: looking one up again takes
//          a lock and builds a label map.
// Names    forebay_<what>_<unit>, as docs/guide/metrics.md lists them.
#pragma once
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace forebay::metrics {

using Labels = prometheus::Labels;
using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;

class Registry {
public:
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& buckets,
                         const Labels& labels = {});

    // Adds a function that brings gauges and counters up to date just before they are rendered. It must stay
    // valid until the registry goes.
    void before_render(std::function<void()> update);
    // The text format, version 0.0.4.
    std::string render();

private:
    prometheus::Registry registry_;
    std::mutex mutex_;
    std::vector<std::function<void()>> updates_;
};

// Raises a counter to a total that is kept elsewhere.
void raise_to(Counter& counter, double total);

// Bucket bounds in seconds: whole calls and time to first token; gaps between tokens.
const std::vector<double>& call_seconds();
const std::vector<double>& token_gap_seconds();

}  // namespace forebay::metrics
