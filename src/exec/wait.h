// Waiting on the main thread for a condition that other threads bring about, while a process stops.
#pragma once
#include <functional>

#include "base/clock.h"

namespace forebay::exec {

// Looks again every ten milliseconds until `condition` holds (true) or the deadline passes (false). For
// start and stop only; nothing on an I/O thread may call it.
bool wait_until_blocking(const std::function<bool()>& condition, Deadline deadline);

}  // namespace forebay::exec
