#include "config/quantities.h"

#include <gtest/gtest.h>

#include <limits>

namespace forebay::config {
namespace {

using namespace std::chrono_literals;

TEST(Quantities, DurationsNeedAUnit) {
    EXPECT_EQ(*parse_duration("500ms"), 500ms);
    EXPECT_EQ(*parse_duration("30s"), 30s);
    EXPECT_EQ(*parse_duration("10m"), 10min);
    EXPECT_EQ(*parse_duration("1h"), 1h);
    EXPECT_EQ(*parse_duration("1 h"), 1h);
    EXPECT_EQ(parse_duration("30").error().message, "has no unit: write 30s or 30ms (units: ms, s, m, h)");
    for (const auto* bad : {"", "s", "-1s", "+1s", "1.5h", "1S", "1sec", "1s ", "1  s", " 1s", "0x1s", "1d"}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
}

TEST(Quantities, SizesAreBytesUnlessTheyHaveAUnit) {
    EXPECT_EQ(*parse_size("0"), 0u);
    EXPECT_EQ(*parse_size("1024"), 1024u);
    EXPECT_EQ(*parse_size("7B"), 7u);
    EXPECT_EQ(*parse_size("32KB"), 32'000u);
    EXPECT_EQ(*parse_size("32kB"), 32'000u);
    EXPECT_EQ(*parse_size("64MiB"), 64u * 1024 * 1024);
    EXPECT_EQ(*parse_size("1 GiB"), 1024u * 1024 * 1024);
    for (const auto* bad : {"", "KiB", "-1", "1.5GiB", "1K", "1Mb", "1mib", "1,000"})
        EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Quantities, ProductsThatOverflowAreRefused) {
    EXPECT_EQ(parse_size("9223372036854775807TiB").error().message, "is too large");
    EXPECT_EQ(parse_size("99999999999999999999").error().message, "is too large");
    EXPECT_EQ(parse_duration("9223372036854775807h").error().message, "is too large");
    EXPECT_EQ(parse_duration("2562047788015h").value(), 2562047788015h);
    EXPECT_EQ(parse_duration("2562047788016h").error().message, "is too large");
}

TEST(Quantities, FormattingUsesTheLargestUnitThatDivides) {
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(120s), "2m");
    EXPECT_EQ(format_duration(24h), "24h");
    EXPECT_EQ(format_size(0), "0");
    EXPECT_EQ(format_size(1500), "1500");
    EXPECT_EQ(format_size(1536 * 1024), "1536KiB");
    EXPECT_EQ(format_size(64ull << 30), "64GiB");
}

TEST(Quantities, WhatIsFormattedParsesBack) {
    for (std::uint64_t n = 1; n < (1ull << 61); n = n * 3 + 1) {
        EXPECT_EQ(parse_size(format_size(n)).value(), n);
        const std::chrono::milliseconds duration(static_cast<std::int64_t>(n));
        EXPECT_EQ(parse_duration(format_duration(duration)).value(), duration);
    }
}

}  // namespace
}  // namespace forebay::config
