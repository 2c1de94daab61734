// A loaded model in a few facts, as JSON.
#pragma once
#include <string>

#include "engine/engine.h"

namespace forebay::app {

std::string model_json(const engine::ModelInfo& model);

}  // namespace forebay::app
