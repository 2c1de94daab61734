#include "metrics/registry.h"

#include <gtest/gtest.h>

namespace forebay::metrics {
namespace {

TEST(Registry, RendersWhatWasCountedInTheTextFormat) {
    Registry registry;
    registry.counter("forebay_calls_total", "Calls.", {{"model", "a"}}).Increment(2);
    registry.counter("forebay_calls_total", "Calls.", {{"model", "b"}}).Increment();

    const std::string text = registry.render();

    EXPECT_NE(text.find("# TYPE forebay_calls_total counter"), std::string::npos);
    EXPECT_NE(text.find("forebay_calls_total{model=\"a\"} 2"), std::string::npos);
    EXPECT_NE(text.find("forebay_calls_total{model=\"b\"} 1"), std::string::npos);
}

TEST(Registry, UpdatesRunBeforeEachRendering) {
    Registry registry;
    Gauge& gauge = registry.gauge("forebay_depth", "Depth.");
    int renders = 0;
    registry.before_render([&] { gauge.Set(++renders); });

    registry.render();
    const std::string text = registry.render();

    EXPECT_NE(text.find("forebay_depth 2"), std::string::npos);
}

TEST(RaiseTo, NeverLowersACounter) {
    Registry registry;
    Counter& counter = registry.counter("forebay_total", "Total.");
    raise_to(counter, 5);
    raise_to(counter, 3);

    EXPECT_EQ(counter.Value(), 5);
}

}  // namespace
}  // namespace forebay::metrics
