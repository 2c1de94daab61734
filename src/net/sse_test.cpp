#include "net/sse.h"

#include <gtest/gtest.h>

#include <vector>

namespace forebay::net {
namespace {

std::vector<std::string> data_of(std::string_view bytes, std::size_t step = 1) {
    SseParser parser(1024);
    SseParser::Event event;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        EXPECT_TRUE(parser.feed(bytes.substr(at, step)).has_value());
        while (parser.next(event)) out.push_back(event.data);
    }
    return out;
}

using Events = std::vector<std::string>;

TEST(SseParser, GivesEventsHoweverTheBytesAreCut) {
    const std::string_view stream = "data: {\"a\":1}\n\ndata: é\n\ndata: [DONE]\n\n";
    const Events expected{"{\"a\":1}", "é", "[DONE]"};

    for (std::size_t step = 1; step <= stream.size(); ++step) EXPECT_EQ(data_of(stream, step), expected) << step;
}

TEST(SseParser, TakesEachKindOfLineEnd) {
    EXPECT_EQ(data_of("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), (Events{"a", "b", "c"}));
}

TEST(SseParser, PassesOverCommentsAndEventsWithoutData) {
    EXPECT_EQ(data_of(": keep-alive\n\nid: 7\n\ndata: a\n\n"), Events{"a"});
}

TEST(SseParser, JoinsSeveralDataLinesAndDropsOneBlank) {
    EXPECT_EQ(data_of("data:a\ndata:  b\ndata\n\n"), Events{"a\n b\n"});
}

TEST(SseParser, SkipsTheByteOrderMark) {
    EXPECT_EQ(data_of("\xEF\xBB\xBF"
                      "data: a\n\n"),
              Events{"a"});
}

TEST(SseParser, KeepsTheEventsName) {
    SseParser parser(1024);
    SseParser::Event event;
    ASSERT_TRUE(parser.feed("event: error\ndata: x\n\ndata: y\n\n").has_value());

    ASSERT_TRUE(parser.next(event));
    EXPECT_EQ(event.name, "error");
    ASSERT_TRUE(parser.next(event));
    EXPECT_EQ(event.name, "");
}

TEST(SseParser, RefusesAnEventAboveTheLimit) {
    SseParser parser(64);
    SseParser::Event event;
    Result<void> fed;
    for (int i = 0; i < 100 && fed; ++i) {
        fed = parser.feed("0123456789");
        EXPECT_FALSE(parser.next(event));
    }

    EXPECT_EQ(fed.error().code, Code::bad_upstream);
}

TEST(AppendEvent, WritesOneFrame) {
    std::string out;
    append_event(out, "[DONE]");

    EXPECT_EQ(out, "data: [DONE]\n\n");
}

}  // namespace
}  // namespace forebay::net
