// Task group: owns coroutines, so that none is detached. The last member of whoever spawns.
//
// Threads  one I/O thread, given at construction, for every method.
// Cancel   cancel_all() sends terminal cancellation to each task; stop() does that and waits.
#pragma once
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <list>

#include "base/clock.h"
#include "exec/task.h"

namespace forebay::exec {

class TaskGroup {
public:
    explicit TaskGroup(Executor executor);
    ~TaskGroup();  // CHECK: the group is empty
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Runs `task` until it returns. An exception that leaves it is a bug: logged, and the task is over.
    // Returns a handle for cancel(), valid until the task has returned.
    using Member = std::list<boost::asio::cancellation_signal>::iterator;
    Member spawn(Task<void> task);
    // The same in two steps, for a task that must know its own handle.
    Member reserve() { return signals_.emplace(signals_.end()); }
    void start(Member member, Task<void> task);
    void cancel(Member member) { member->emit(boost::asio::cancellation_type::terminal); }
    void cancel_all();
    std::size_t size() const { return signals_.size(); }
    bool stopping() const { return stopping_; }

    // Cancels all and waits until each has returned.
    Task<void> stop();
    // Waits until the group is empty, or until the deadline; says whether it is empty.
    Task<bool> drained(Deadline deadline);

private:
    using Timer = boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, Executor>;

    void on_returned(Member member, std::exception_ptr bug);

    Executor executor_;
    Timer idle_;
    std::list<boost::asio::cancellation_signal> signals_;
    bool stopping_ = false;
};

}  // namespace forebay::exec
