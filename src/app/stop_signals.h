// The signals of a serving process, taken one by one on the main thread.
#pragma once

namespace forebay::app {

// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those that it starts later, and ignores SIGPIPE. Call
// it before any thread starts.
void block_signals();

enum class SignalKind { stop, reload };
// Waits for the next one. Blocks.
SignalKind wait_for_signal_blocking();

}  // namespace forebay::app
