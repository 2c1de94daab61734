// What is measured of calls, per model and target.
//
// Threads  any I/O thread; the series of a model and target are looked up once and kept.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "metrics/registry.h"
#include "serving/call.h"

namespace forebay::serving {

class CallMetrics {
public:
    explicit CallMetrics(metrics::Registry& registry);
    ~CallMetrics();

    void begin() { under_way_.fetch_add(1, std::memory_order_relaxed); }
    void end() { under_way_.fetch_sub(1, std::memory_order_relaxed); }
    // Counts one call that has its record.
    void count(const Call& call);
    // Calls between their first stage and their last byte.
    std::int64_t under_way() const { return under_way_.load(std::memory_order_relaxed); }

private:
    struct Series;
    Series& series_of(const Call& call);
    static void count_prompt(Series& series, const Counted& counted, const Call& call);

    metrics::Registry& registry_;
    std::atomic<std::int64_t> under_way_{0};
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Series>, std::less<>> series_;
};

}  // namespace forebay::serving
