#include "config/quantities.h"

#include <array>
#include <charconv>
#include <limits>

namespace forebay::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
// Largest first, so that formatting takes the first that divides.
constexpr std::array<Unit, 4> duration_units{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 10> size_units{{{"TiB", 1ull << 40},
                                           {"GiB", 1ull << 30},
                                           {"MiB", 1ull << 20},
                                           {"KiB", 1ull << 10},
                                           {"TB", 1'000'000'000'000},
                                           {"GB", 1'000'000'000},
                                           {"MB", 1'000'000},
                                           {"KB", 1'000},
                                           {"kB", 1'000},
                                           {"B", 1}}};

struct Quantity {
    std::uint64_t number = 0;
    std::string_view unit;
};

// "64 MiB" and "64MiB" are the same. The number is whole: "1.5h" is "90m".
Result<Quantity> split(std::string_view text, std::string_view example) {
    Quantity out;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
    if (error == std::errc::result_out_of_range) return fail(Code::invalid_argument, "is too large");
    if (error != std::errc())
        return fail(Code::invalid_argument, "must be a whole number and a unit, such as {}", example);
    out.unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (!out.unit.empty() && out.unit.front() == ' ') out.unit.remove_prefix(1);
    return out;
}

Result<std::uint64_t> scaled(std::uint64_t number, std::uint64_t factor) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (number > most / factor) return fail(Code::invalid_argument, "is too large");
    return number * factor;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    FOREBAY_TRY(const Quantity quantity, split(text, "30s"));
    if (quantity.unit.empty()) {
        return fail(Code::invalid_argument, "has no unit: write {0}s or {0}ms (units: ms, s, m, h)", quantity.number);
    }
    for (const auto& unit : duration_units) {
        if (unit.name != quantity.unit) continue;
        FOREBAY_TRY(const std::uint64_t millis, scaled(quantity.number, unit.factor));
        return std::chrono::milliseconds(static_cast<std::int64_t>(millis));
    }
    return fail(Code::invalid_argument, "must be a whole number with one of the units ms, s, m or h, such as 30s");
}

Result<std::uint64_t> parse_size(std::string_view text) {
    FOREBAY_TRY(const Quantity quantity, split(text, "64MiB"));
    if (quantity.unit.empty()) return scaled(quantity.number, 1);
    for (const auto& unit : size_units) {
        if (unit.name == quantity.unit) return scaled(quantity.number, unit.factor);
    }
    return fail(Code::invalid_argument,
                "must be a whole number of bytes or have one of the units KiB, MiB, GiB, TiB, KB, MB, GB or TB, "
                "such as 64MiB");
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto millis = static_cast<std::uint64_t>(duration.count());
    if (millis == 0) return "0s";
    for (const auto& unit : duration_units) {
        if (millis % unit.factor == 0) return fmt::format("{}{}", millis / unit.factor, unit.name);
    }
    return fmt::format("{}ms", millis);
}

std::string format_size(std::uint64_t bytes) {
    for (const auto& unit : size_units) {
        const bool binary = unit.name.find('i') != std::string_view::npos;
        if (binary && bytes != 0 && bytes % unit.factor == 0)
            return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
    return fmt::format("{}", bytes);
}

}  // namespace forebay::config
