// GET /readyz: whether calls are welcome, and the state of each runtime.
#pragma once
#include <vector>

#include "net/http.h"
#include "runtime/fleet.h"

namespace forebay::gateway {

// 503 while starting, draining, or while a runtime loads for the first time; 200 otherwise. A runtime that
// failed, or that is being started again, does not unready the gateway: its other models still answer.
net::Response readiness_response(bool started, bool draining, const std::vector<runtime::StatusPtr>& runtimes);

}  // namespace forebay::gateway
