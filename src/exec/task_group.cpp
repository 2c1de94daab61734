#include "exec/task_group.h"

#include <boost/asio/as_tuple.hpp>

#include "base/error.h"
#include "base/log.h"

namespace forebay::exec {

TaskGroup::TaskGroup(Executor executor) : executor_(executor), idle_(executor, SteadyClock::time_point::max()) {}

TaskGroup::~TaskGroup() { FOREBAY_CHECK(signals_.empty()); }

TaskGroup::Member TaskGroup::spawn(Task<void> task) {
    const Member member = reserve();
    start(member, std::move(task));
    return member;
}

void TaskGroup::start(Member member, Task<void> task) {
    auto returned = [this, member](std::exception_ptr bug) { on_returned(member, bug); };
    boost::asio::co_spawn(executor_, std::move(task),
                          boost::asio::bind_cancellation_slot(member->slot(), std::move(returned)));
}

void TaskGroup::on_returned(Member member, std::exception_ptr bug) {
    try {
        if (bug) std::rethrow_exception(bug);
    } catch (const boost::system::system_error& error) {
        if (error.code() != boost::asio::error::operation_aborted)
            log::error("bug: a task ended with {}", error.what());
    } catch (const std::exception& error) {
        log::error("bug: a task ended with {}", error.what());
    }
    signals_.erase(member);
    if (signals_.empty()) idle_.cancel();
}

void TaskGroup::cancel_all() {
    // A task may return, and leave the list, while it is told.
    for (auto it = signals_.begin(); it != signals_.end();) (it++)->emit(boost::asio::cancellation_type::terminal);
}

Task<void> TaskGroup::stop() {
    stopping_ = true;
    cancel_all();
    while (!signals_.empty()) {
        auto waited = co_await idle_.async_wait(boost::asio::as_tuple(await));
        static_cast<void>(waited);
    }
}

Task<bool> TaskGroup::drained(Deadline deadline) {
    while (!signals_.empty() && !deadline.passed()) {
        idle_.expires_at(deadline.at());
        auto waited = co_await idle_.async_wait(boost::asio::as_tuple(await));
        static_cast<void>(waited);
    }
    idle_.expires_at(SteadyClock::time_point::max());
    co_return signals_.empty();
}

}  // namespace forebay::exec
