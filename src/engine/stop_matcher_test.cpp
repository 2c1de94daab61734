#include "engine/stop_matcher.h"

#include <gtest/gtest.h>

namespace forebay::engine {
namespace {

// The output of pushing `text` in parts of `size` bytes, with each part's own output kept apart.
struct Pushed {
    std::string text;
    std::string matched;
};
Pushed push_in_parts(std::vector<std::string> stops, std::string_view text, std::size_t size) {
    StopMatcher matcher(std::move(stops));
    Pushed pushed;
    for (std::size_t at = 0; at < text.size(); at += size) {
        if (matcher.push(text.substr(at, size), pushed.text)) break;
    }
    if (matcher.matched().empty()) matcher.finish(pushed.text);
    pushed.matched = matcher.matched();
    return pushed;
}

TEST(StopMatcher, CutsAtTheStopHoweverTheTextIsSplit) {
    for (std::size_t size = 1; size <= 12; ++size) {
        const Pushed pushed = push_in_parts({"END"}, "the water ENENDs here", size);

        EXPECT_EQ(pushed.text, "the water EN") << "parts of " << size;
        EXPECT_EQ(pushed.matched, "END");
    }
}

TEST(StopMatcher, PassesEverythingWhenNothingMatches) {
    for (std::size_t size = 1; size <= 12; ++size) {
        const Pushed pushed = push_in_parts({"END", "\n\n"}, "EN the riverEN\n", size);

        EXPECT_EQ(pushed.text, "EN the riverEN\n");
        EXPECT_EQ(pushed.matched, "");
    }
}

TEST(StopMatcher, HoldsBackOnlyWhatMayBecomeAStop) {
    StopMatcher matcher({"STOP"});
    std::string out;

    EXPECT_FALSE(matcher.push("a ST", out));
    EXPECT_EQ(out, "a ");
    EXPECT_FALSE(matcher.push("O", out));
    EXPECT_EQ(out, "a ");
    EXPECT_FALSE(matcher.push("NE", out));
    EXPECT_EQ(out, "a STONE");
}

TEST(StopMatcher, TakesTheStopThatBeginsFirst) {
    EXPECT_EQ(push_in_parts({"river", "the"}, "by the river", 12).matched, "the");
    EXPECT_EQ(push_in_parts({"b", "abc"}, "xabc", 4).text, "x");
}

TEST(StopMatcher, FindsAStopThatRepeatsItsOwnBeginning) {
    for (std::size_t size = 1; size <= 8; ++size) {
        EXPECT_EQ(push_in_parts({"aab"}, "aaaab", size).text, "aa") << "parts of " << size;
    }
}

TEST(StopMatcher, IgnoresEmptyStops) { EXPECT_EQ(push_in_parts({""}, "text", 2).text, "text"); }

}  // namespace
}  // namespace forebay::engine
