// Numbers as people read them.
#pragma once
#include <cstdint>
#include <string>

namespace forebay::training {

// "12,345".
std::string grouped(std::uint64_t number);
// Three digits that matter, or two and an exponent where there would be many zeros: "0.412", "8.32", "9.9e-4".
std::string short_number(double value);
// "8,200", "246 k", "8.2 M".
std::string short_count(std::uint64_t count);
// "1.9 GiB", "340 MiB", "12 KiB".
std::string readable_bytes(std::uint64_t bytes);
// "6 min 10 s", "1 h 5 min", "45 s", "2 d 3 h". Rounded to seconds; negative and what is not finite is 0.
std::string readable_duration(double seconds);

}  // namespace forebay::training
