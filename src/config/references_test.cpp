#include "config/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forebay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Resolved resolve(std::string_view text, bool secret = false) {
    const Sources sources{.environment = [](const std::string& name) -> std::optional<std::string> {
                              if (name == "USER_1") return "ada";
                              if (name == "NESTED") return "${env:USER_1}";
                              return std::nullopt;
                          },
                          .read_file = [](const std::string& path) -> Result<std::string> {
                              if (path == "/folder/key") return "k1\n";
                              if (path == "/abs/key") return "k2\r\n\n";
                              return fail(Code::not_found, "no file {}", path);
                          }};
    return resolve_references(text, "/folder", sources, secret);
}

TEST(References, TextWithoutAnyIsUnchanged) {
    for (const auto* text : {"", "plain", "$", "$$", "a$b", "{x}", "$ {x}", "cost: $5", "}"}) {
        EXPECT_EQ(resolve(text).text, text);
        EXPECT_FALSE(resolve(text).referenced);
    }
}

TEST(References, StandForVariablesAndFiles) {
    EXPECT_EQ(resolve("${env:USER_1}").text, "ada");
    EXPECT_EQ(resolve("<${env:USER_1}|${file:key}>").text, "<ada|k1>");
    EXPECT_EQ(resolve("${file:sub/../key}").text, "k1");
    EXPECT_TRUE(resolve("a${env:USER_1}").referenced);
}

TEST(References, OneTrailingLineBreakOfAFileIsDropped) { EXPECT_EQ(resolve("${file:/abs/key}").text, "k2\r\n"); }

TEST(References, TwoDollarsWriteALiteralBrace) {
    EXPECT_EQ(resolve("$${env:USER_1}").text, "${env:USER_1}");
    EXPECT_FALSE(resolve("$${env:USER_1}").referenced);
    EXPECT_EQ(resolve("$$${env:USER_1}").text, "$${env:USER_1}");
}

TEST(References, WhatAReferenceHoldsIsNotResolvedAgain) { EXPECT_EQ(resolve("${env:NESTED}").text, "${env:USER_1}"); }

TEST(References, EachFaultIsNamed) {
    EXPECT_THAT(resolve("${env:A}${env:B}").faults, ElementsAre(HasSubstr("variable A"), HasSubstr("variable B")));
    EXPECT_THAT(resolve("${file:none}").faults, ElementsAre(HasSubstr("'/folder/none'")));
    EXPECT_THAT(resolve("${A}").faults, ElementsAre(HasSubstr("'${A}' is not understood")));
    EXPECT_THAT(resolve("${env:}").faults, ElementsAre(HasSubstr("is not understood")));
    EXPECT_THAT(resolve("${file:}").faults, ElementsAre(HasSubstr("is not understood")));
    EXPECT_THAT(resolve("${env:A=B}").faults, ElementsAre(HasSubstr("is not understood")));
    EXPECT_THAT(resolve("${env:A").faults, ElementsAre(HasSubstr("no closing")));
    EXPECT_THAT(resolve("${A}", true).faults, ElementsAre(HasSubstr("a reference here is not understood")));
}

TEST(References, EscapedTextReadsBackAsItself) {
    for (const auto* text : {"${env:A}", "$${x}", "a$", "$$$${", "${${", "plain"}) {
        EXPECT_EQ(resolve(escape_references(text)).text, text);
    }
}

}  // namespace
}  // namespace forebay::config
