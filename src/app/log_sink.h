// Where log lines go: standard error, as text or as one JSON object a line (spdlog).
#pragma once
#include <string_view>

#include "config/settings.h"

namespace forebay::app {

// Call it before other threads start.
void install_log_sink(const config::LogSettings& settings);

}  // namespace forebay::app
