// RunState and CurvePoint as JSON: what state.json and each line of curve.jsonl hold.
//
// A number that is not finite is written as null and reads back as NaN. Unknown fields are passed over, so that a run
// of a newer version can be looked at.
#pragma once
#include <string>
#include <string_view>

#include "base/error.h"
#include "training/run_folder.h"

namespace forebay::training {

std::string_view name_of(RunStatus status);

// One object, indented by two spaces, with a line break at its end.
std::string to_json(const RunState& state);
// invalid_argument says which field is missing or of the wrong type.
Result<RunState> parse_run_state(std::string_view json);

// One line without its line break.
std::string to_json(const CurvePoint& point);
Result<CurvePoint> parse_curve_point(std::string_view json);

}  // namespace forebay::training
