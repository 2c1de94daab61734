// Fleet: the runtimes of the configuration, each a worker process that is started, watched and started
// again, or a worker elsewhere that is watched.
//
// Floor    3. app/ builds one; serving/ asks it where a runtime's calls go.
// Threads  find() and all() from any thread. apply() from any thread, one at a time; stop_blocking() from the main
// thread. The watching
//          runs on one I/O thread.
// Failure  a model that cannot be loaded: `failed` with the reason, tried again at the next apply(). A worker
//          that dies: `restarting`, after 0.1 s at first and up to 30 s; its calls fail, nothing else does.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "exec/io_threads.h"
#include "net/http_client.h"

namespace forebay::runtime {

enum class State { loading, ready, restarting, failed, stopping };
std::string_view name_of(State state);

// What is known of one runtime at one moment; immutable.
struct RuntimeStatus {
    std::string name;
    State state = State::loading;
    std::string reason;       // of failed and restarting
    double loaded_share = 0;  // 0 to 1 while loading
    int pid = 0;              // of a child process
    std::uint64_t restarts = 0;
    std::string model_json;                   // what the worker said of its model, a JSON object; empty until ready
    std::shared_ptr<net::HttpClient> client;  // null unless ready
    config::Secret key;
};
using StatusPtr = std::shared_ptr<const RuntimeStatus>;

class Fleet {
public:
    // `executable` is started as `executable worker …`.
    Fleet(exec::IoThreads& threads, std::string executable);
    ~Fleet();

    // Starts what is new, stops what is gone, starts again what changed or had failed. Returns at once.
    void apply(const std::map<std::string, config::RuntimeSettings>& runtimes);

    StatusPtr find(std::string_view name) const;
    std::vector<StatusPtr> all() const;

    // Asks every worker to drain, waits, then kills. Blocks.
    void stop_blocking(std::chrono::milliseconds patience);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace forebay::runtime
