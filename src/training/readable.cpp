#include "training/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace forebay::training {

std::string grouped(std::uint64_t number) {
    std::string digits = fmt::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

std::string short_number(double value) {
    if (value == 0) return "0";
    if (std::abs(value) >= 1e-3 && std::abs(value) < 1e5) return fmt::format("{:.3g}", value);
    const auto text = fmt::format("{:.1e}", value);  // "9.9e-04"
    const auto e = text.find('e');
    const auto mantissa = text.substr(0, text.substr(0, e).ends_with(".0") ? e - 2 : e);
    const auto digits = text.substr(e + 2);
    return fmt::format("{}e{}{}", mantissa, text[e + 1] == '-' ? "-" : "",
                       digits.substr(digits.starts_with('0') ? 1 : 0));
}

std::string short_count(std::uint64_t count) {
    if (count < 10'000) return grouped(count);
    const auto number = static_cast<double>(count);
    if (number < 999'500) return fmt::format("{:.3g} k", number / 1e3);
    if (number < 999.5e6) return fmt::format("{:.3g} M", number / 1e6);
    return fmt::format("{:.4g} G", number / 1e9);
}

std::string readable_bytes(std::uint64_t bytes) {
    static constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    auto number = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (number >= 1000 && unit + 1 < std::size(units)) {
        number /= 1024;
        ++unit;
    }
    if (unit == 0) return fmt::format("{} bytes", bytes);
    return fmt::format("{:.{}f} {}", number, number < 10 ? 1 : 0, units[unit]);
}

std::string readable_duration(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::clamp(std::isfinite(seconds) ? seconds : 0.0, 0.0, 1e9) + 0.5);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    if (whole < 48 * 3600) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
    return fmt::format("{} d {} h", whole / 86'400, whole / 3600 % 24);
}

}  // namespace forebay::training
