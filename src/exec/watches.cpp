#include "exec/watches.h"

#include <algorithm>

namespace forebay::exec {

Watch::Watch(Watches& watches) { watches.watches_.push_back(*this); }

Watches::Watches(boost::asio::io_context& context, std::chrono::milliseconds tick) : tick_(tick), timer_(context) {}
Watches::~Watches() { watches_.clear(); }

void Watches::start() {
    running_ = true;
    arm();
}

void Watches::stop() {
    running_ = false;
    timer_.cancel();
}

std::chrono::microseconds Watches::take_loop_delay() {
    return std::chrono::microseconds(loop_delay_micros_.exchange(0, std::memory_order_relaxed));
}

void Watches::arm() {
    due_ = SteadyClock::now() + tick_;
    timer_.expires_at(due_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && running_) on_tick();
    });
}

void Watches::on_tick() {
    const auto now = SteadyClock::now();
    const auto late = std::chrono::duration_cast<std::chrono::microseconds>(now - due_).count();
    auto longest = loop_delay_micros_.load(std::memory_order_relaxed);
    while (late > longest && !loop_delay_micros_.compare_exchange_weak(longest, late, std::memory_order_relaxed)) {
    }
    for (auto it = watches_.begin(); it != watches_.end();) {
        Watch& watch = *it++;  // on_expired may set any limit; it destroys none
        if (watch.at_ > now) continue;
        watch.clear();
        watch.on_expired();
    }
    arm();
}

}  // namespace forebay::exec
