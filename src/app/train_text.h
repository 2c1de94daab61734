// How training runs and scores are shown.
#pragma once
#include <string>
#include <vector>

#include "app/registry_text.h"
#include "training/run_folder.h"

namespace forebay::app {

std::string run_table(const std::vector<training::RunState>& runs);
// `folder`: of the run.
std::string run_page(const training::RunState& state, const std::string& folder);
std::string score_page(const training::ScoreResult& score);
// One line.
std::string run_json(const training::RunState& state);

}  // namespace forebay::app
