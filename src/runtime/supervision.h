// Supervision: the life of one runtime, from its first start to its end. Used by fleet.cpp only.
#pragma once
#include <functional>
#include <memory>

#include "exec/io_threads.h"
#include "runtime/child_process.h"
#include "runtime/fleet.h"

namespace forebay::runtime {

class Supervision {
public:
    using Publish = std::function<void(StatusPtr)>;
    Supervision(exec::IoThreads& threads, std::string executable, config::RuntimeSettings settings, Publish publish);

    const config::RuntimeSettings& settings() const { return settings_; }
    const RuntimeStatus& status() const { return status_; }
    // Runs until it is cancelled, or until the runtime has failed for good. Ends with the worker stopped.
    exec::Task<void> run();

private:
    exec::Task<void> run_child();
    exec::Task<void> run_remote();
    // One life of the child. True: it may be started again.
    exec::Task<bool> live_once();
    struct LoadLimit;
    exec::Task<void> follow(ChildProcess& child, LoadLimit& limit);
    exec::Task<void> stop(ChildProcess& child);
    exec::Task<bool> pause(std::chrono::milliseconds span);  // false: cancelled
    void take_line(const std::string& line);
    Result<std::shared_ptr<net::HttpClient>> make_client(const std::string& url);
    void become(State state, std::string reason);
    void drop_client();
    void publish();

    exec::IoThreads& threads_;
    const std::string executable_;
    const config::RuntimeSettings settings_;
    const Publish publish_;
    RuntimeStatus status_;
    std::string port_url_;
    std::string load_failure_;  // the worker's own words
    SteadyClock::time_point ready_since_{};
    std::chrono::milliseconds backoff_{0};
};

}  // namespace forebay::runtime
