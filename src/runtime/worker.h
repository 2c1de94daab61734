// Worker: one model behind the OpenAI protocol, in a process of its own, so that its crash is not an
// outage.
//
// Endpoints  /v1/chat/completions, /v1/completions, /v1/models, /readyz, /healthz, /metrics.
// Rule       every /v1 path needs the worker's key when it has one; the rest is open.
// Threads    one I/O thread beside the engine's scheduler thread.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "config/settings.h"
#include "engine/engine.h"
#include "exec/io_threads.h"
#include "metrics/registry.h"
#include "net/http_server.h"

namespace forebay::runtime {

struct WorkerOptions {
    std::string name;  // what clients call the model, and what /v1/models lists
    config::ListenAddress listen;
    config::ServerSettings limits;
    config::Secret key;  // empty: no key is asked for
};

class Worker {
public:
    explicit Worker(WorkerOptions options);
    ~Worker();

    // Binds and starts to answer: 503 until serve_model() is called. Returns the port.
    Result<std::uint16_t> start_blocking();
    // From now on calls go to `engine`, which outlives the worker's stop.
    void serve_model(engine::Engine& engine);
    // Makes /readyz say that the model failed, and why.
    void fail_model(std::string reason);
    // Refuses new calls, waits for those under way, then ends the rest. Blocks.
    void stop_blocking(std::chrono::milliseconds drain);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace forebay::runtime
