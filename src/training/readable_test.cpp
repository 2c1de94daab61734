#include "training/readable.h"

#include <gtest/gtest.h>

#include <limits>

namespace forebay::training {
namespace {

TEST(Readable, DurationsAreRounded) {
    EXPECT_EQ(readable_duration(0.4), "0 s");
    EXPECT_EQ(readable_duration(59.6), "1 min 0 s");
    EXPECT_EQ(readable_duration(370), "6 min 10 s");
    EXPECT_EQ(readable_duration(3900), "1 h 5 min");
    EXPECT_EQ(readable_duration(200'000), "2 d 7 h");
    EXPECT_EQ(readable_duration(-1), "0 s");
    EXPECT_EQ(readable_duration(1e300), "11574 d 1 h");
    EXPECT_EQ(readable_duration(std::numeric_limits<double>::quiet_NaN()), "0 s");
}

TEST(Readable, BytesHaveTwoOrThreeDigits) {
    EXPECT_EQ(readable_bytes(999), "999 bytes");
    EXPECT_EQ(readable_bytes(1000), "1.0 KiB");
    EXPECT_EQ(readable_bytes(12'345'678), "12 MiB");
    EXPECT_EQ(readable_bytes(3ull << 30), "3.0 GiB");
    EXPECT_EQ(readable_bytes(std::numeric_limits<std::uint64_t>::max()), "16777216 TiB");
}

TEST(Readable, CountsAreGroupedOrShortened) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(1'234'567), "1,234,567");
    EXPECT_EQ(short_count(9999), "9,999");
    EXPECT_EQ(short_count(246'000), "246 k");
    EXPECT_EQ(short_count(8'200'000), "8.2 M");
    EXPECT_EQ(short_count(12'500'000'000), "12.5 G");
}

TEST(Readable, NumbersKeepWhatMatters) {
    EXPECT_EQ(short_number(0), "0");
    EXPECT_EQ(short_number(0.41234), "0.412");
    EXPECT_EQ(short_number(8.3), "8.3");
    EXPECT_EQ(short_number(0.00099), "9.9e-4");
    EXPECT_EQ(short_number(0.0001), "1e-4");
    EXPECT_EQ(short_number(-2.5e20), "-2.5e20");
    EXPECT_EQ(short_number(1e-300), "1e-300");
}

}  // namespace
}  // namespace forebay::training
