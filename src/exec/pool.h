// Pool: a few threads for blocking work (SQLite, the file system), with a bounded queue.
//
// Threads  run() from any I/O thread; the work runs on a pool thread, the caller resumes on its own.
// Cancel   cancelling the caller does not interrupt work once begun: the caller waits. So the work
//          needs a limit of its own (SQLite: busy timeout).
// Errors   resource_exhausted when `queue_max` jobs wait already.
#pragma once
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "exec/task.h"

namespace forebay::exec {

class Pool {
public:
    Pool(std::string name, unsigned threads, std::uint32_t queue_max)
        : name_(std::move(name)), queue_max_(queue_max), threads_(threads) {}

    // `work` returns a Result<T>; so does run().
    template <class F>
    Task<std::invoke_result_t<F&>> run(F work);

    std::uint32_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
    const std::string& name() const { return name_; }
    // Runs what is queued, then joins. Blocks.
    void stop_blocking() { threads_.join(); }

private:
    std::string name_;
    std::uint32_t queue_max_;
    std::atomic<std::uint32_t> waiting_{0};
    boost::asio::thread_pool threads_;
};

template <class F>
Task<std::invoke_result_t<F&>> Pool::run(F work) {
    using R = std::invoke_result_t<F&>;
    if (waiting_.fetch_add(1, std::memory_order_relaxed) >= queue_max_) {
        waiting_.fetch_sub(1, std::memory_order_relaxed);
        co_return fail(Code::resource_exhausted, "the {} pool has {} jobs waiting; try again shortly", name_,
                       queue_max_);
    }
    auto home = co_await boost::asio::this_coro::executor;
    std::optional<R> result;
    // The coroutine frame outlives the job: the handler below is what resumes it.
    auto initiate = [this, home, &work, &result]<class Handler>(Handler handler) {
        auto job = [this, home, &work, &result, guard = boost::asio::make_work_guard(home),
                    handler = std::move(handler)]() mutable {
            try {
                result.emplace(work());
            } catch (const std::exception& bug) {
                result.emplace(
                    std::unexpected(Error{Code::internal, std::string("unexpected exception: ") + bug.what(), {}}));
            }
            waiting_.fetch_sub(1, std::memory_order_relaxed);
            boost::asio::post(home, std::move(handler));
        };
        boost::asio::post(threads_, std::move(job));
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(std::move(initiate),
                                                                                               await);
    co_return std::move(*result);
}

}  // namespace forebay::exec
