#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace forebay {

std::int64_t unix_micros_now() {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

std::string format_utc(std::int64_t unix_micros) {
    // Floor division, so that moments before 1970 keep a positive fraction.
    const std::int64_t fraction = ((unix_micros % 1'000'000) + 1'000'000) % 1'000'000;
    const std::time_t seconds = static_cast<std::time_t>((unix_micros - fraction) / 1'000'000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, fraction);
}

}  // namespace forebay
