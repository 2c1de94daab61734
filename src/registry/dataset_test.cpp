#include "registry/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "base/hash.h"
#include "storage/test_rig.h"

namespace forebay::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view good_row =
    R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]})";

class Dataset : public testing::Test {
protected:
    std::string write(std::string_view bytes) {
        std::ofstream(file_, std::ios::binary) << bytes;
        return file_;
    }
    ReadRows read(std::string_view bytes, RowFormat format = RowFormat::chat) {
        auto rows = read_rows_blocking(write(bytes), format);
        EXPECT_TRUE(rows.has_value());
        return *std::move(rows);
    }
    // Of a file that begins with a good row, an empty line and then `line`: what is wrong with it.
    std::string fault_of(std::string_view line, RowFormat format = RowFormat::chat) {
        const std::string_view good = format == RowFormat::chat ? good_row : R"({"text":"x"})";
        const auto found = read(fmt::format("{}\n\n{}\n{}\n", good, line, good), format);
        EXPECT_EQ(found.rows.size(), 2u) << line;
        EXPECT_EQ(found.faults_total, 1u) << line;
        if (found.faults.size() != 1) return "(no fault)";
        EXPECT_EQ(found.faults[0].line, 3u);
        EXPECT_EQ(to_string(found.faults[0]), file_ + ":3: " + found.faults[0].message);
        return found.faults[0].message;
    }

private:
    const storage::TestFolder folder_;
    const std::string file_ = folder_.file("rows.jsonl");
};

std::string chat(std::string_view user, std::string_view assistant) {
    boost::json::array messages{{{"role", "user"}, {"content", user}}, {{"role", "assistant"}, {"content", assistant}}};
    return boost::json::serialize(boost::json::object{{"messages", std::move(messages)}}) + "\n";
}

TEST_F(Dataset, RowsAreReadInOrderWithTheirLinesAndTheFilesDigest) {
    const std::string bytes = chat("one", "1") + "\n" + chat("zwölf \"Ä\"\n", "12");

    const auto found = read(bytes);

    EXPECT_THAT(found.faults, IsEmpty());
    ASSERT_EQ(found.rows.size(), 2u);
    EXPECT_EQ(found.rows[1].line, 3u);
    EXPECT_EQ(found.rows[1].messages.at(0).role, "user");
    EXPECT_EQ(found.rows[1].messages.at(0).content, "zwölf \"Ä\"\n");
    EXPECT_EQ(found.rows[1].messages.at(1).content, "12");
    EXPECT_EQ(found.digest, to_hex(sha256(bytes)));
    EXPECT_EQ(found.bytes, bytes.size());
}

TEST_F(Dataset, LineEndsOfWindowsAMissingLastLineEndAndBlankLinesAreNoFaults) {
    const auto found = read(fmt::format("{}\r\n \t\r\n\r\n{}", good_row, good_row));

    EXPECT_THAT(found.faults, IsEmpty());
    ASSERT_EQ(found.rows.size(), 2u);
    EXPECT_EQ(found.rows[1].line, 4u);
    EXPECT_TRUE(read("").rows.empty());
}

TEST_F(Dataset, OtherFieldsBesideTheMessagesAreAllowedAndIgnored) {
    const auto found =
        read(R"({"id":7,"text":"no","messages":[{"role":"system","content":""},{"role":"developer","content":"d"},)"
             R"({"role":"tool","content":"t"},{"role":"assistant","content":"a"}],"metadata":{"a":[1.5e3,null]}})");

    EXPECT_THAT(found.faults, IsEmpty());
    ASSERT_EQ(found.rows.size(), 1u);
    EXPECT_EQ(found.rows[0].messages.size(), 4u);
    EXPECT_EQ(found.rows[0].text, "");
}

TEST_F(Dataset, BrokenJsonIsNamedWithItsColumn) {
    EXPECT_THAT(fault_of(R"({"messages":[}]})"), HasSubstr("column 14: not JSON"));
    EXPECT_THAT(fault_of(R"({"äöü":1,})"), HasSubstr("column 10: not JSON"));
    EXPECT_THAT(fault_of(std::string(good_row) + " {}"), HasSubstr("extra data"));
    EXPECT_THAT(fault_of(good_row.substr(0, 30)), HasSubstr("incomplete"));
    EXPECT_THAT(fault_of(R"({"messages":NaN})"), HasSubstr("column 13: not JSON"));
    EXPECT_THAT(fault_of(R"({"a":"\ud800"})"), HasSubstr("not JSON"));
    EXPECT_THAT(fault_of(std::string("{\"a\":\"\0\"}", 9)), HasSubstr("not JSON"));
    EXPECT_THAT(fault_of(std::string(1000, '[')), HasSubstr("not JSON"));
}

TEST_F(Dataset, EachWrongShapeIsNamedWithItsPath) {
    EXPECT_EQ(fault_of("[]"), "a row must be an object, not a list");
    EXPECT_EQ(fault_of("{}"), "messages are missing");
    EXPECT_EQ(fault_of(R"({"text":"x"})"), "messages are missing: this is a row of the format text");
    EXPECT_EQ(fault_of(R"({"messages":{}})"), "messages must be a list, not an object");
    EXPECT_EQ(fault_of(R"({"messages":[]})"), "messages is an empty list");
    EXPECT_EQ(fault_of(R"({"messages":["hi"]})"), "messages[0] must be an object, not a text");
    EXPECT_EQ(fault_of(R"({"messages":[{"content":"x"}]})"), "messages[0].role is missing");
    EXPECT_EQ(fault_of(R"({"messages":[{"role":1,"content":"x"}]})"), "messages[0].role must be a text, not a number");
    EXPECT_THAT(fault_of(R"({"messages":[{"role":"bot","content":"x"}]})"),
                HasSubstr("messages[0].role 'bot' is not known"));
    EXPECT_EQ(fault_of(R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null}]})"),
              "messages[1].content must be a text, not null");
    EXPECT_THAT(fault_of(R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":""}]})"),
                HasSubstr("messages[1].content is empty"));
    EXPECT_EQ(fault_of(R"({"messages":[{"role":"user","content":"x"}]})"),
              "the last message is the user's; it must be the assistant's");
    EXPECT_THAT(fault_of(R"({"messages":[{"role":"assistant","content":"x","weight":0}]})"),
                HasSubstr("messages[0] has a field 'weight'"));
    EXPECT_EQ(fault_of(good_row, RowFormat::text), "text is missing: this is a row of the format chat");
    EXPECT_EQ(fault_of(R"({"text":[]})", RowFormat::text), "text must be a text, not a list");
}

TEST_F(Dataset, BytesThatAreNotUtf8AreNamedWithTheirColumn) {
    EXPECT_EQ(fault_of("{\"a\":\"é\xE9\"}"), "column 8: the byte 0xE9 is not UTF-8");
    EXPECT_THAT(fault_of("\xED\xA0\x80"), HasSubstr("column 1: the byte 0xED"));
}

TEST_F(Dataset, AByteOrderMarkAndUtf16AreNamed) {
    const auto marked = read(fmt::format("\xEF\xBB\xBF{}\n{}\n", good_row, good_row));
    ASSERT_EQ(marked.faults.size(), 1u);
    EXPECT_EQ(marked.faults[0].line, 1u);
    EXPECT_THAT(marked.faults[0].message, HasSubstr("byte order mark"));
    EXPECT_EQ(marked.rows.size(), 1u);

    const auto wide = read(std::string("\xFF\xFE{\0}\0", 6));
    ASSERT_EQ(wide.faults.size(), 1u);
    EXPECT_THAT(wide.faults[0].message, HasSubstr("UTF-16"));
}

TEST_F(Dataset, ALineMayHaveFourMebibytesAndNotOneByteMore) {
    const std::string around = R"({"text":""})";
    const std::string longest = R"({"text":")" + std::string((4 << 20) - around.size(), 'x') + R"("})";
    ASSERT_EQ(longest.size(), 4u << 20);

    EXPECT_THAT(read(longest + "\r\n", RowFormat::text).faults, IsEmpty());
    EXPECT_EQ(fault_of(" " + longest, RowFormat::text), "the line is longer than 4 MiB");
    EXPECT_EQ(fault_of(std::string(9 << 20, 'x'), RowFormat::text), "the line is longer than 4 MiB");
}

TEST_F(Dataset, TheFirstTwentyFaultsAreKeptAndAllAreCounted) {
    std::string bytes;
    for (int i = 0; i < 50; ++i) bytes += "nonsense\n";

    const auto found = read(bytes);

    EXPECT_EQ(found.faults.size(), 20u);
    EXPECT_EQ(found.faults.back().line, 20u);
    EXPECT_EQ(found.faults_total, 50u);
}

TEST_F(Dataset, AFileThatCannotBeReadIsAnError) {
    const storage::TestFolder folder;

    EXPECT_EQ(read_rows_blocking(folder.file("none"), RowFormat::chat).error().code, Code::not_found);
    const auto refused = read_rows_blocking(folder.path(), RowFormat::chat);
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr(folder.path()));
}

// Every prefix and every single wrong byte of a row: never a crash, and a row or a fault, never neither.
TEST_F(Dataset, DamagedRowsAreReadOrRefused) {
    const std::string row(good_row);
    for (std::size_t cut = 1; cut < row.size(); ++cut) {
        const auto found = read(row.substr(0, cut));
        EXPECT_EQ(found.rows.size(), 0u);
        EXPECT_EQ(found.faults_total, 1u);
    }
    for (std::size_t at = 0; at < row.size(); ++at) {
        for (const char wrong : {'\0', '"', '}', '\\', '\xFF', ' '}) {
            std::string damaged = row;
            damaged[at] = wrong;
            const auto found = read(damaged);
            EXPECT_EQ(found.rows.size() + found.faults_total, 1u) << damaged;
        }
    }
}

Row row_of(std::uint64_t line, std::string user, std::string assistant) {
    return {{{"user", std::move(user)}, {"assistant", std::move(assistant)}}, {}, line};
}

std::uint64_t bytes_of(const Row& row) {
    std::uint64_t bytes = row.text.size();
    for (const Message& message : row.messages) bytes += message.content.size();
    return bytes;
}

TEST(DatasetReport, RepeatedRowsAreCountedAndTheFirstIsNamed) {
    const std::vector<Row> rows = {row_of(1, "a", "b"), row_of(2, "a", "c"), row_of(5, "a", "b"),
                                   row_of(6, "a", "b"), row_of(7, "ab", ""), row_of(8, "", "ab")};

    const auto report = report_on(rows, {}, 0, bytes_of);

    EXPECT_EQ(report.rows, 6u);
    EXPECT_EQ(report.duplicates, 2u);
    EXPECT_EQ(report.leaked, 0u);
    EXPECT_THAT(report.examples, ElementsAre("line 5 repeats line 1", "line 6 repeats line 1"));
}

TEST(DatasetReport, AnEvaluationRowLeaksWhenTheOtherSplitAsksTheSame) {
    const std::vector<Row> train = {row_of(1, "Where is order 123?", "a"), row_of(2, "ÄRGER mit  Лампа", "b")};
    const std::vector<Row> evaluation = {row_of(1, "where is  ORDER 98765? ", "another answer"),
                                         row_of(2, "ärger mit ЛАМПА", "c"), row_of(3, "where is my order 123?", "d"),
                                         row_of(4, "Where is order?", "e"),
                                         Row{{{"system", "Where is order 123?"}, {"assistant", "a"}}, {}, 5}};

    const auto report = report_on(evaluation, train, 0, bytes_of);

    EXPECT_EQ(report.leaked, 2u);
    EXPECT_THAT(report.examples, ElementsAre("line 1 asks what line 1 of the other split asks",
                                             "line 2 asks what line 2 of the other split asks"));
}

TEST(DatasetReport, RowsWithoutAPromptNeverLeakAndTextsLeakAsAWhole) {
    const std::vector<Row> bare = {Row{{{"assistant", "Hello."}}, {}, 1}};
    EXPECT_EQ(report_on(bare, bare, 0, bytes_of).leaked, 0u);

    const std::vector<Row> texts = {Row{{}, "One text", 1}, Row{{}, "Two texts", 2}};
    EXPECT_EQ(report_on(texts, {Row{{}, "one  TEXT", 9}}, 0, bytes_of).leaked, 1u);
}

TEST(DatasetReport, LengthsAreCountedInPowersOfTwo) {
    std::vector<Row> rows;
    for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 7u, 8u, 9u})
        rows.push_back(Row{{}, std::string(size, 'x'), size + 1});

    const auto report = report_on(rows, {}, 8, bytes_of);

    EXPECT_THAT(report.length_histogram, ElementsAre(1, 2, 2, 2));
    EXPECT_EQ(report.empty, 1u);
    EXPECT_EQ(report.over_long, 1u);
    EXPECT_EQ(report.tokens, 34u);
    EXPECT_EQ(report.tokens_longest, 9u);
    EXPECT_THAT(report.examples, ElementsAre("line 1 has nothing to predict", "line 10 is 9 long, 8 fit"));
}

TEST(DatasetReport, AtMostTenExamplesAreToldAndOfEachKindSome) {
    std::vector<Row> rows;
    for (std::uint64_t i = 0; i < 100; ++i) rows.push_back(row_of(i + 1, "same", i % 2 == 0 ? "long answer" : ""));

    const auto report =
        report_on(rows, {row_of(1, "same", "x")}, 5, [](const Row& row) { return row.messages[1].content.size(); });

    EXPECT_EQ(report.duplicates, 98u);
    EXPECT_EQ(report.leaked, 100u);
    EXPECT_EQ(report.examples.size(), 10u);
    EXPECT_EQ(std::ranges::count(report.examples, "line 1 asks what line 1 of the other split asks"), 1);
    EXPECT_EQ(std::ranges::count(report.examples, "line 2 has nothing to predict"), 1);
}

TEST(DatasetReport, IsAJsonObjectWithEveryFigure) {
    auto report = report_on({row_of(1, "a", "b"), row_of(2, "a", "b")}, {}, 100, bytes_of);
    report.unit = "bytes";

    const auto json = boost::json::parse(to_json(report)).as_object();

    EXPECT_EQ(json.at("rows").to_number<int>(), 2);
    EXPECT_EQ(json.at("duplicates").to_number<int>(), 1);
    EXPECT_EQ(json.at("unit"), "bytes");
    EXPECT_EQ(json.at("tokens").to_number<int>(), 4);
    EXPECT_EQ(json.at("context_tokens").to_number<int>(), 100);
    EXPECT_EQ(json.at("length_histogram").as_array().size(), 2u);
    EXPECT_EQ(json.at("examples").as_array().at(0), "line 2 repeats line 1");
}

}  // namespace
}  // namespace forebay::registry
