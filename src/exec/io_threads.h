// I/O threads: one io_context and one thread each. A connection stays on its thread, so that the call
// path takes no lock and makes no hop.
//
// Owner    app/ builds one IoThreads; it outlives everything that runs on it.
// Threads  start() and stop_blocking() from the main thread.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exec/task.h"
#include "exec/watches.h"

namespace forebay::exec {

class IoThread {
public:
    IoThread(unsigned index, std::string name);

    unsigned index() const { return index_; }
    boost::asio::io_context& context() { return context_; }
    Executor executor() { return context_.get_executor(); }
    Watches& watches() { return watches_; }

    // Starts the thread; from then on the context belongs to it.
    void start();
    // Lets the context run out of work, then joins. What still waits then is abandoned by a forced stop
    // after `patience`. Blocks.
    void stop_blocking(std::chrono::milliseconds patience);

private:
    void run();

    const unsigned index_;
    const std::string name_;
    boost::asio::io_context context_;
    Watches watches_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::thread thread_;
};

class IoThreads {
public:
    // `count` 0: one per core.
    explicit IoThreads(unsigned count);
    ~IoThreads();

    std::size_t size() const { return threads_.size(); }
    IoThread& operator[](std::size_t index) { return *threads_[index]; }
    void start();
    void stop_blocking();

private:
    std::vector<std::unique_ptr<IoThread>> threads_;
    bool running_ = false;
};

}  // namespace forebay::exec
