// From the YAML tree to a Recipe, and the checks that look at more than one value.
#pragma once
#include "config/yaml_cursor.h"
#include "training/recipe.h"

namespace forebay::training {

// Fills `out` from the root mapping; every fault is added to the context's problems.
void read_recipe(config::ReadContext& context, const config::Node& root, Recipe& out);

// What one value demands of another, and keys that would have no effect. Uses the places that read_recipe recorded.
void cross_check(const config::ReadContext& context, const Recipe& recipe);

}  // namespace forebay::training
