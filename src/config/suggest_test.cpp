#include "config/suggest.h"

#include <gtest/gtest.h>

namespace forebay::config {
namespace {

TEST(Suggest, DistanceCountsEditsAndSwaps) {
    EXPECT_EQ(edit_distance("", "", 5), 0u);
    EXPECT_EQ(edit_distance("models", "modles", 5), 1u);
    EXPECT_EQ(edit_distance("kitten", "sitting", 5), 3u);
    EXPECT_EQ(edit_distance("ca", "abc", 5), 3u);  // optimal string alignment, not unrestricted Damerau
    EXPECT_EQ(edit_distance("abc", "", 5), 3u);
}

TEST(Suggest, DistanceStopsAtItsLimit) {
    EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3u);
    EXPECT_EQ(edit_distance(std::string(1'000'000, 'x'), "short", 2), 3u);
}

TEST(Suggest, FindsTheClosestWord) {
    const std::vector<std::string> words{"models", "providers", "runtimes", "log", "tls", "context_tokens"};

    EXPECT_EQ(closest("modles", words), "models");
    EXPECT_EQ(closest("Model", words), "models");
    EXPECT_EQ(closest("provider", words), "providers");
    EXPECT_EQ(closest("contextTokens", words), "context_tokens");
    EXPECT_EQ(closest("context-tokens", words), "context_tokens");
    EXPECT_EQ(closest("logs", words), "log");
    EXPECT_EQ(closest("ssl", words), std::nullopt);
    EXPECT_EQ(closest("database", words), std::nullopt);
    EXPECT_EQ(closest("", words), std::nullopt);
    EXPECT_EQ(closest("models", {}), std::nullopt);
}

}  // namespace
}  // namespace forebay::config
