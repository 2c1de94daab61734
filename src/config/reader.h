// From the YAML tree to Settings, and the checks that look at more than one value.
#pragma once
#include "config/settings.h"
#include "config/yaml_cursor.h"

namespace forebay::config {

// Fills `out` from the root mapping; every fault is added to the context's problems.
void read_settings(ReadContext& context, const Node& root, Settings& out);

// Targets name things that exist, a runtime has exactly one of model and url, and so on. Uses the places
// that read_settings recorded.
void cross_check(const ReadContext& context, const Settings& settings);

}  // namespace forebay::config
