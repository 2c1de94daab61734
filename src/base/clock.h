// Time: deadlines on the steady clock, timestamps on the system clock.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace forebay {

using SteadyClock = std::chrono::steady_clock;

// A moment after which nobody waits for the result any more. Passed by value down the call.
class Deadline {
public:
    explicit Deadline(SteadyClock::time_point at) : at_(at) {}
    static Deadline in(SteadyClock::duration span) { return Deadline(SteadyClock::now() + span); }
    static Deadline never() { return Deadline(SteadyClock::time_point::max()); }

    SteadyClock::time_point at() const { return at_; }
    bool passed(SteadyClock::time_point now = SteadyClock::now()) const { return now >= at_; }
    // The earlier of the two: a child may shorten its parent's deadline, never extend it.
    Deadline sooner(Deadline other) const { return Deadline(std::min(at_, other.at_)); }

private:
    SteadyClock::time_point at_;
};

// Microseconds since 1970-01-01 UTC.
std::int64_t unix_micros_now();
// "2026-11-21T22:09:01.123456Z".
std::string format_utc(std::int64_t unix_micros);

}  // namespace forebay
