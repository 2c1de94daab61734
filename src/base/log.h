// Logging: one line per event, levels, and a sink that app/ installs (base/ does no I/O itself).
//
// Threads  any. The sink must be thread-safe; it is set once, before other threads start.
// Secrets  never pass one to a log call; config::Secret has no formatter, so that it does not compile.
#pragma once
#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace forebay::log {

enum class Level { debug, info, warning, error };

using Sink = void (*)(Level level, std::string_view line);
// Until a sink is set, warnings and errors go to standard error and the rest is dropped.
void set_sink(Sink sink, Level least);
bool enabled(Level level);
void write(Level level, std::string_view line);

template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(Level::debug)) write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(Level::info)) write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(Level::warning)) write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
    if (enabled(Level::error)) write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace forebay::log
