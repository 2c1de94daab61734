#include "config/addresses.h"

#include <gtest/gtest.h>

namespace forebay::config {
namespace {

TEST(Addresses, ListenTakesHostAndPortOrAPort) {
    const auto read = [](std::string_view text) {
        const auto address = parse_listen(text);
        return address ? format_listen(*address) : "refused: " + address.error().message;
    };

    EXPECT_EQ(read("127.0.0.1:8080"), "127.0.0.1:8080");
    EXPECT_EQ(read("0.0.0.0:80"), "0.0.0.0:80");
    EXPECT_EQ(read("[::1]:8080"), "[::1]:8080");
    EXPECT_EQ(read("[fe80::1%eth0]:1"), "[fe80::1%eth0]:1");
    EXPECT_EQ(read("localhost:0"), "localhost:0");
    EXPECT_EQ(read("9000"), "127.0.0.1:9000");
    EXPECT_EQ(parse_listen("[::]:1")->host, "::");
}

TEST(Addresses, ListenRefusesWhatCannotBeBound) {
    for (const auto* bad : {"",           ":",       ":8080",        "host",         "host:",       "host:x",
                            "host:65536", "65536",   "999.1.1.1:80", "1.2.3:80",     "::1:8080x",   "::1",
                            "[::1]",      "[::1",    "[::1]8080",    "[1.2.3.4]:80", "a b:80",      "http://h:80",
                            "host:80:80", "host:-1", "host:+1",      "[]:80",        "[fe80::1%]:1"}) {
        EXPECT_FALSE(parse_listen(bad)) << bad;
    }
}

TEST(Addresses, BaseUrlsAreNormalised) {
    EXPECT_EQ(*parse_base_url("http://127.0.0.1:9001/v1"), "http://127.0.0.1:9001/v1");
    EXPECT_EQ(*parse_base_url("HTTPS://api.example.com/v1/"), "https://api.example.com/v1");
    EXPECT_EQ(*parse_base_url("https://h"), "https://h");
    EXPECT_EQ(*parse_base_url("https://h///"), "https://h");
    EXPECT_EQ(*parse_base_url("http://[::1]:80/a@b"), "http://[::1]:80/a@b");
}

TEST(Addresses, BaseUrlsNeedASchemeAHostAndNothingElse) {
    for (const auto* bad : {"",
                            "h",
                            "h/v1",
                            "ftp://h",
                            "http://",
                            "http:///v1",
                            "http://:80",
                            "http://h:0",
                            "http://h:x",
                            "http://h:65536",
                            "http://h:",
                            "http://u:p@h",
                            "http://h?x=1",
                            "http://h/v1#f",
                            "http://h/a b",
                            "http://h/\xC3\xA9",
                            "http://[::1",
                            "http://[::1%25eth0]",
                            "http://1.2.3/",
                            "http://h\\x"}) {
        EXPECT_FALSE(parse_base_url(bad)) << bad;
    }
}

TEST(Addresses, MessagesDoNotRepeatTheUrl) {
    EXPECT_EQ(parse_base_url("http://user:pa55@h").error().message.find("pa55"), std::string::npos);
    EXPECT_EQ(parse_base_url("http://pa 55").error().message.find("pa 55"), std::string::npos);
}

}  // namespace
}  // namespace forebay::config
