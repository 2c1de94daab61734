#include "serving/call_metrics.h"

#include <array>

#include "serving/stages.h"

namespace forebay::serving {
namespace {

const std::vector<double> count_seconds{0.000002, 0.000005, 0.00001, 0.00002, 0.00004, 0.0001,
                                        0.00025,  0.001,    0.004,   0.016,   0.064,   0.256};
const std::vector<double> count_ratios{0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0, 1.001, 1.01, 1.05, 1.1, 1.25, 2.0};

}  // namespace

// The series of one model, target and outcome.
struct CallMetrics::Series {
    metrics::Counter& calls;
    metrics::Histogram& seconds;
    metrics::Histogram& ttft_seconds;
    metrics::Histogram& gap_seconds;
    metrics::Counter& prompt_tokens;
    metrics::Counter& cached_tokens;
    metrics::Counter& completion_tokens;
    metrics::Counter& counted_exactly;
    metrics::Counter& counted_roughly;
    metrics::Counter& mismatches;
    metrics::Histogram& count_seconds;
    metrics::Histogram& count_ratio;
};

CallMetrics::CallMetrics(metrics::Registry& registry) : registry_(registry) {
    auto& gauge = registry_.gauge("forebay_calls_under_way", "Calls that have begun and not ended.");
    registry_.before_render([this, &gauge] { gauge.Set(static_cast<double>(under_way())); });
}

CallMetrics::~CallMetrics() = default;

CallMetrics::Series& CallMetrics::series_of(const Call& call) {
    // A model that does not exist is one label, whatever callers write: names are not ours to multiply.
    const std::string_view model = call.route ? std::string_view(call.request.model) : "unknown";
    const std::string target = call.route ? call.route->target : "none";
    const std::string status = std::to_string(call.status);
    const std::string outcome(name_of(call.outcome));
    const std::string key = fmt::format("{}\n{}\n{}\n{}", model, target, status, outcome);
    const std::lock_guard lock(mutex_);
    if (const auto found = series_.find(key); found != series_.end()) return *found->second;
    const metrics::Labels which{{"model", std::string(model)}, {"target", target}};
    const auto counted_as = [&](const char* exact) {
        metrics::Labels labels = which;
        labels["exact"] = exact;
        return labels;
    };
    metrics::Labels how = which;
    how["status"] = status;
    how["outcome"] = outcome;
    auto& r = registry_;
    auto series = std::make_unique<Series>(
        r.counter("forebay_calls_total", "Calls that ended, by status and outcome.", how),
        r.histogram("forebay_call_duration_seconds", "From the request's head to its record.", metrics::call_seconds(),
                    which),
        r.histogram("forebay_call_ttft_seconds", "From the request's head to the first token, streams only.",
                    metrics::call_seconds(), which),
        r.histogram("forebay_call_token_gap_seconds", "Mean time between tokens of a stream.",
                    metrics::token_gap_seconds(), which),
        r.counter("forebay_prompt_tokens_total", "Prompt tokens, as the target reported them.", which),
        r.counter("forebay_prompt_tokens_cached_total", "Prompt tokens that the target had cached.", which),
        r.counter("forebay_completion_tokens_total", "Completion tokens, as the target reported them.", which),
        r.counter("forebay_counted_prompt_tokens_total", "Prompt tokens, as counted here.", counted_as("true")),
        r.counter("forebay_counted_prompt_tokens_total", "Prompt tokens, as counted here.", counted_as("false")),
        r.counter("forebay_prompt_count_mismatches_total",
                  "Calls whose exact count differs from what the target reported.", which),
        r.histogram("forebay_prompt_count_seconds", "Time taken to count a prompt.", count_seconds, which),
        r.histogram("forebay_prompt_count_ratio", "Prompt tokens as counted, by those that the target reported.",
                    count_ratios, which));
    return *series_.emplace(key, std::move(series)).first->second;
}

void CallMetrics::count(const Call& call) {
    const auto seconds = [](SteadyClock::duration span) { return std::chrono::duration<double>(span).count(); };
    Series& series = series_of(call);
    series.calls.Increment();
    series.seconds.Observe(seconds(SteadyClock::now() - call.timing.received));
    const bool streamed = call.request.stream && call.timing.first_token != SteadyClock::time_point();
    if (streamed) {
        series.ttft_seconds.Observe(seconds(call.timing.first_token - call.timing.received));
        if (const auto gaps = call.timing.gaps_micros.size(); gaps > 0) {
            series.gap_seconds.Observe(seconds(call.timing.last_token - call.timing.first_token) /
                                       static_cast<double>(gaps));
        }
    }
    if (call.usage) {
        series.prompt_tokens.Increment(static_cast<double>(call.usage->prompt_tokens));
        series.cached_tokens.Increment(static_cast<double>(call.usage->cached_tokens.value_or(0)));
        series.completion_tokens.Increment(static_cast<double>(call.usage->completion_tokens));
    }
    if (const Counted* counted = find_counted(call)) count_prompt(series, *counted, call);
}

void CallMetrics::count_prompt(Series& series, const Counted& counted, const Call& call) {
    const auto tokens = static_cast<double>(counted.count.tokens);
    (counted.count.exact ? series.counted_exactly : series.counted_roughly).Increment(tokens);
    series.count_seconds.Observe(counted.micros / 1e6);
    if (!call.usage || call.usage->prompt_tokens <= 0) return;
    const auto reported = static_cast<double>(call.usage->prompt_tokens);
    series.count_ratio.Observe(tokens / reported);
    if (counted.count.exact && tokens != reported) series.mismatches.Increment();
}

}  // namespace forebay::serving
