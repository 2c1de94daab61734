#include "net/url.h"

#include <gtest/gtest.h>

#include "net/headers.h"

namespace forebay::net {
namespace {

TEST(ParseUrl, TakesSchemeHostPortAndPath) {
    const auto url = parse_url("https://api.example.com/v1/");

    ASSERT_TRUE(url.has_value());
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "api.example.com");
    EXPECT_EQ(url->port, 443);
    EXPECT_EQ(url->path, "/v1");
    EXPECT_EQ(url->authority(), "api.example.com");
}

TEST(ParseUrl, TakesAnIpv6Address) {
    const auto url = parse_url("http://[::1]:9001/v1");

    ASSERT_TRUE(url.has_value());
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->authority(), "[::1]:9001");
}

TEST(ParseUrl, RefusesWhatItCannotUse) {
    for (const char* text : {"", "ftp://a", "http://", "http://a:0", "http://a:70000", "http://a:b", "http://u:p@a",
                             "http://a/v1?x=1", "http://[::1", "http://a b/"}) {
        EXPECT_FALSE(parse_url(text).has_value()) << text;
    }
}

TEST(Headers, AreFoundWithoutCase) {
    Headers headers;
    headers.add("Content-Type", "a");
    headers.add("X-Two", "1");
    headers.add("x-two", "2");

    EXPECT_EQ(headers.find("content-type"), "a");
    EXPECT_EQ(headers.count("X-TWO"), 2u);
    headers.set("X-Two", "3");
    EXPECT_EQ(headers.count("x-two"), 1u);
    EXPECT_EQ(headers.find("x-two"), "3");
    EXPECT_FALSE(headers.find("missing").has_value());
}

TEST(ListsToken, FindsATokenAmongOthers) {
    EXPECT_TRUE(lists_token("keep-alive, Close", "close"));
    EXPECT_FALSE(lists_token("keep-alive, closed", "close"));
    EXPECT_FALSE(lists_token("", "close"));
}

}  // namespace
}  // namespace forebay::net
