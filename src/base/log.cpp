#include "base/log.h"

#include <atomic>
#include <cstdio>

namespace forebay::log {
namespace {

void to_stderr(Level, std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

std::atomic<Sink> current_sink{&to_stderr};
std::atomic<Level> least_level{Level::warning};

}  // namespace

void set_sink(Sink sink, Level least) {
    current_sink.store(sink, std::memory_order_release);
    least_level.store(least, std::memory_order_release);
}

bool enabled(Level level) { return level >= least_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view line) { current_sink.load(std::memory_order_acquire)(level, line); }

}  // namespace forebay::log
