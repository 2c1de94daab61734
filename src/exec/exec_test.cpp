#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <latch>
#include <thread>

#include "base/clock.h"
#include "exec/cancel.h"
#include "exec/io_threads.h"
#include "exec/pool.h"
#include "exec/snapshot.h"
#include "exec/task_group.h"

namespace forebay::exec {
namespace {

using Timer = boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, Executor>;

void run(boost::asio::io_context& context, Task<void> task) {
    boost::asio::co_spawn(context, std::move(task), [](std::exception_ptr bug) {
        if (bug) std::rethrow_exception(bug);
    });
    context.run();
}

Task<void> wait_for_ever(bool* ended) {
    Timer timer(co_await boost::asio::this_coro::executor, SteadyClock::time_point::max());
    auto waited = co_await timer.async_wait(boost::asio::as_tuple(await));
    static_cast<void>(waited);
    *ended = true;
}

Task<void> spawn_two_and_stop(TaskGroup& group, bool* first, bool* second) {
    group.spawn(wait_for_ever(first));
    group.spawn(wait_for_ever(second));
    co_await group.stop();
    EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroup, StopCancelsEveryTaskAndWaitsForIt) {
    boost::asio::io_context context(1);
    TaskGroup group(context.get_executor());
    bool first = false, second = false;

    run(context, spawn_two_and_stop(group, &first, &second));

    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
}

Task<void> drain_nothing_then_something(TaskGroup& group, bool* ended) {
    EXPECT_TRUE(co_await group.drained(Deadline::in(std::chrono::seconds(5))));
    group.spawn(wait_for_ever(ended));
    EXPECT_FALSE(co_await group.drained(Deadline::in(std::chrono::milliseconds(5))));
    co_await group.stop();
}

TEST(TaskGroup, DrainedSaysWhetherTheDeadlineCameFirst) {
    boost::asio::io_context context(1);
    TaskGroup group(context.get_executor());
    bool ended = false;

    run(context, drain_nothing_then_something(group, &ended));

    EXPECT_TRUE(ended);
}

Task<void> run_on(Pool& pool, std::thread::id* there, std::thread::id* back) {
    auto work = []() -> Result<std::thread::id> { return std::this_thread::get_id(); };
    auto id = co_await pool.run(work);
    *there = *id;
    *back = std::this_thread::get_id();
}

TEST(Pool, RunsThereAndResumesHere) {
    boost::asio::io_context context(1);
    Pool pool("test", 1, 8);
    std::thread::id there, back;

    run(context, run_on(pool, &there, &back));
    pool.stop_blocking();

    EXPECT_NE(there, std::this_thread::get_id());
    EXPECT_EQ(back, std::this_thread::get_id());
}

Task<void> throw_on(Pool& pool, Result<int>* out) {
    auto work = []() -> Result<int> { throw std::runtime_error("boom"); };
    *out = co_await pool.run(work);
}

TEST(Pool, AnExceptionInTheWorkIsAnInternalError) {
    boost::asio::io_context context(1);
    Pool pool("test", 1, 8);
    Result<int> out = 0;

    run(context, throw_on(pool, &out));
    pool.stop_blocking();

    EXPECT_EQ(out.error().code, Code::internal);
}

Task<void> run_blocked(Pool& pool, std::latch& gate, Result<int>* out) {
    auto work = [&gate]() -> Result<int> {
        gate.wait();
        return 1;
    };
    *out = co_await pool.run(work);
}

Task<void> fill_then_release(Pool& pool, std::latch& gate, TaskGroup& group, std::vector<Result<int>>& out) {
    for (auto& one : out) group.spawn(run_blocked(pool, gate, &one));
    Timer turn(co_await boost::asio::this_coro::executor, SteadyClock::now());
    co_await turn.async_wait(await);  // lets the group's tasks begin
    gate.count_down();
    EXPECT_TRUE(co_await group.drained(Deadline::in(std::chrono::seconds(20))));
}

TEST(Pool, RefusesWhenItsQueueIsFull) {
    boost::asio::io_context context(1);
    Pool pool("db", 1, 2);
    std::latch gate(1);
    TaskGroup group(context.get_executor());
    std::vector<Result<int>> out(3, 0);

    run(context, fill_then_release(pool, gate, group, out));
    pool.stop_blocking();

    EXPECT_EQ(*out[0], 1);
    EXPECT_EQ(*out[1], 1);
    EXPECT_EQ(out[2].error().code, Code::resource_exhausted);
    EXPECT_EQ(pool.waiting(), 0u);
}

struct Counter : Watch {
    using Watch::Watch;
    int expired = 0;
    void on_expired() override { ++expired; }
};

TEST(Watches, FireOnceAfterTheirLimitAndNotBefore) {
    boost::asio::io_context context(1);
    Watches watches(context, std::chrono::milliseconds(1));
    Counter soon(watches), later(watches), cleared(watches);

    soon.set_in(std::chrono::milliseconds(3));
    later.set_in(std::chrono::hours(1));
    cleared.set_in(std::chrono::milliseconds(1));
    cleared.clear();
    watches.start();
    while (soon.expired == 0) context.run_one();
    for (int i = 0; i < 5; ++i) context.run_one();

    EXPECT_EQ(soon.expired, 1);
    EXPECT_EQ(later.expired, 0);
    EXPECT_EQ(cleared.expired, 0);
}

Task<void> observe_cancellation(bool* before, bool* after) {
    co_await keep_running_when_cancelled();
    *before = co_await is_cancelled();
    Timer timer(co_await boost::asio::this_coro::executor, SteadyClock::time_point::max());
    auto waited = co_await timer.async_wait(boost::asio::as_tuple(await));
    EXPECT_EQ(std::get<0>(waited), boost::asio::error::operation_aborted);
    *after = co_await is_cancelled();
    // What comes after a cancellation still runs: a journal record must be written.
    timer.expires_after(std::chrono::milliseconds(1));
    auto again = co_await timer.async_wait(boost::asio::as_tuple(await));
    EXPECT_FALSE(std::get<0>(again));
}

Task<void> cancel_one(TaskGroup& group, bool* before, bool* after) {
    auto member = group.spawn(observe_cancellation(before, after));
    Timer turn(co_await boost::asio::this_coro::executor, SteadyClock::now());
    co_await turn.async_wait(await);
    group.cancel(member);
    EXPECT_TRUE(co_await group.drained(Deadline::in(std::chrono::seconds(5))));
}

TEST(Cancel, ACancelledCoroutineKnowsItAndCanStillFinishItsWork) {
    boost::asio::io_context context(1);
    TaskGroup group(context.get_executor());
    bool before = true, after = false;

    run(context, cancel_one(group, &before, &after));

    EXPECT_FALSE(before);
    EXPECT_TRUE(after);
}

TEST(IoThreads, EachRunsItsOwnContextAndStops) {
    IoThreads threads(2);
    threads.start();
    std::promise<std::thread::id> first, second;

    boost::asio::post(threads[0].context(), [&] { first.set_value(std::this_thread::get_id()); });
    boost::asio::post(threads[1].context(), [&] { second.set_value(std::this_thread::get_id()); });

    EXPECT_NE(first.get_future().get(), second.get_future().get());
    threads.stop_blocking();
}

TEST(Snapshot, ReadersKeepTheValueTheyGot) {
    Snapshot<int> snapshot(std::make_shared<int>(1));
    const auto old = snapshot.get();

    snapshot.put(std::make_shared<int>(2));

    EXPECT_EQ(*old, 1);
    EXPECT_EQ(*snapshot.get(), 2);
}

}  // namespace
}  // namespace forebay::exec
