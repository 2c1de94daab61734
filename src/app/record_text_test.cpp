#include "app/record_text.h"

#include <gtest/gtest.h>

namespace forebay::app {
namespace {

constexpr std::string_view whole = R"({"v":1,"id":"req_1","time":"2026-11-21T22:09:01.123456Z","model":"tiny",)"
                                   R"("status":200,"outcome":"ok","finish_reason":"stop","target":"runtime tiny",)"
                                   R"("usage":{"prompt_tokens":12,"completion_tokens":34},)"
                                   R"("timing":{"total_ms":56.789},"key":{"id":"k","name":"ci"},)"
                                   R"("request":{"messages":[{"role":"user","content":"two\nlines"}],"stop":[]}})";

TEST(RecordText, ARowLinesUpWithItsHeading) {
    const std::string heading = record_row_heading();
    const std::string row = record_row(whole);

    EXPECT_EQ(row.find("req_1"), heading.find("ID"));
    EXPECT_EQ(row.find("ci"), heading.find("KEY"));
    EXPECT_EQ(row.find("tiny"), heading.find("MODEL"));
    EXPECT_TRUE(row.starts_with("2026-11-21 22:09:01.123  "));
    for (const char* part : {"   200  ", "stop", "runtime tiny", " 12  ", " 34  ", " 56.8  "})
        EXPECT_NE(row.find(part), std::string::npos) << part << " in " << row;
}

TEST(RecordText, MissingFieldsAndRecordsThatAreNotJsonAreTolerated) {
    EXPECT_EQ(record_row("{}").size(), record_row_heading().size() - 1) << "a dash for each";
    EXPECT_EQ(record_row("not JSON"), record_row("{}"));
    EXPECT_EQ(record_row(R"({"usage":null,"key":[],"timing":{"total_ms":"x"}})"), record_row("{}"));
    EXPECT_EQ(record_page("not\x1bJSON"), "not\xef\xbf\xbdJSON\n");
}

TEST(RecordText, LongNamesAreCutBetweenCharacters) {
    const std::string row = record_row(R"({"id":"x","model":"ääääääääääääääääääääääääää"})");
    EXPECT_NE(row.find("äääääääääääääääääää…  "), std::string::npos) << row;
}

TEST(RecordText, WhatACallerSentCannotDriveTheTerminal) {
    const std::string row = record_row("{\"id\":\"x\",\"model\":\"a\\u001b[2Jb\\u009bc\\nd\"}");
    EXPECT_EQ(row.find('\x1b'), std::string::npos);
    EXPECT_EQ(row.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(row.find('\n'), std::string::npos);
    EXPECT_EQ(record_page("{\"a\":\"x\\u001b[2J\\ny\\u0007\"}").find('\x1b'), std::string::npos);
}

TEST(RecordText, APageShowsEveryFieldAndKeepsLines) {
    const std::string page = record_page(whole);
    for (const char* part :
         {"id             req_1\n", "usage\n  prompt_tokens      12\n", "timing\n  total_ms  56.789\n",
          "request\n  messages\n    1.\n      role     user\n      content\n        | two\n"
          "        | lines\n  stop  (none)\n"})
        EXPECT_NE(page.find(part), std::string::npos) << part << " in\n" << page;
}

TEST(RecordText, ARecordIsFoundByItsWholeIdAlone) {
    EXPECT_TRUE(record_has_id(whole, "req_1"));
    EXPECT_FALSE(record_has_id(whole, "req_"));
    EXPECT_FALSE(record_has_id(whole, "k")) << "the key's id is another field";
    EXPECT_FALSE(record_has_id("\"req_1\"", "req_1"));
}

}  // namespace
}  // namespace forebay::app
