// Watches: many coarse time limits on one timer. A connection keeps one Watch for its life and moves its
// limit with a plain assignment, so that a time limit costs no system call and no heap work per await.
//
// Threads  one I/O thread owns a Watches and everything registered with it.
// Accuracy a limit fires up to `tick` late, never early.
#pragma once
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "exec/task.h"

namespace forebay::exec {

class Watches;

// One limit. Registered while it exists (and may outlive the Watches, doing nothing); idle until set().
class Watch : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    explicit Watch(Watches& watches);
    virtual ~Watch() = default;
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    void set(SteadyClock::time_point at) { at_ = at; }
    void set_in(SteadyClock::duration span) { at_ = SteadyClock::now() + span; }
    void clear() { at_ = SteadyClock::time_point::max(); }
    bool is_set() const { return at_ != SteadyClock::time_point::max(); }

protected:
    // Called once when the limit has passed; the watch is clear by then. Must not destroy the watch.
    virtual void on_expired() = 0;

private:
    friend class Watches;
    SteadyClock::time_point at_ = SteadyClock::time_point::max();
};

class Watches {
public:
    Watches(boost::asio::io_context& context, std::chrono::milliseconds tick);
    ~Watches();

    // Starts and stops the ticking; stop() lets the io_context run out of work.
    void start();
    void stop();
    // The longest lateness of a tick since the last call: how long the loop was busy with one handler. Any
    // thread.
    std::chrono::microseconds take_loop_delay();

private:
    friend class Watch;
    using Timer = boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, Executor>;

    void arm();
    void on_tick();

    const std::chrono::milliseconds tick_;
    Timer timer_;
    SteadyClock::time_point due_{};
    std::atomic<std::int64_t> loop_delay_micros_{0};
    bool running_ = false;
    boost::intrusive::list<Watch, boost::intrusive::constant_time_size<false>> watches_;
};

}  // namespace forebay::exec
