#include "app/registry_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forebay::app {
namespace {

using registry::Kind;
using registry::LineageNode;
using registry::Version;
using testing::HasSubstr;
using testing::Not;

LineageNode node(std::string role, Kind kind, std::string name, char digit, std::vector<std::string> labels = {}) {
    LineageNode made;
    made.role = std::move(role);
    made.digest = std::string(64, digit);
    Version version;
    version.kind = kind;
    version.name = std::move(name);
    version.number = 2;
    version.digest = made.digest;
    version.bytes = 12'345'678;
    version.created_micros = 1'795'303'470'985'960;
    version.labels = std::move(labels);
    made.version = std::move(version);
    return made;
}

LineageNode tuned() {
    LineageNode root = node("model", Kind::model, "triage", 'a', {"latest", "production"});
    LineageNode base = node("base", Kind::model, "triage-base", 'b');
    base.parents.push_back(node("dataset", Kind::dataset, "tickets", 'c'));
    LineageNode elsewhere;
    elsewhere.role = "dataset";
    elsewhere.digest = std::string(64, 'd');
    root.parents.push_back(std::move(base));
    root.parents.push_back(std::move(elsewhere));
    return root;
}

TEST(RegistryText, ALineageIsDrawnAsATree) {
    EXPECT_EQ(lineage_tree(tuned()),
              "triage:2: model, sha256:aaaaaaaaaaaa [latest, production]\n"
              "├── base: triage-base:2, model, sha256:bbbbbbbbbbbb\n"
              "│   └── dataset: tickets:2, dataset, sha256:cccccccccccc\n"
              "└── dataset: sha256:dddddddddddd, not in this registry\n");
}

TEST(RegistryText, ACutLineageSaysSo) {
    LineageNode root = node("model", Kind::model, "triage", 'a');
    root.parents.push_back(node("base", Kind::model, "triage", 'a'));
    root.parents[0].cut = true;

    EXPECT_THAT(lineage_tree(root), HasSubstr("left out"));
}

TEST(RegistryText, APictureHasABoxANodeAndALineAnEdge) {
    const std::string svg = lineage_svg(tuned());

    const auto count = [&](std::string_view what) {
        std::size_t found = 0;
        for (std::size_t at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++found;
        return found;
    };
    EXPECT_TRUE(svg.starts_with("<svg xmlns="));
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_EQ(count("<g>"), 4u);
    EXPECT_EQ(count("<path"), 3u);
    EXPECT_EQ(count("stroke-dasharray"), 1u) << "the one that is not in the registry";
    EXPECT_THAT(svg, HasSubstr(">triage-base:2<"));
}

TEST(RegistryText, APageShowsTheParentsAndTheEvaluationAndNoControlCharacter) {
    LineageNode root = tuned();
    root.version->origin.source = "imported from \x1b[31mred";
    root.version->origin.evaluation_json = R"({"loss":0.25,"score":{"exact":0.9,"note":"\u001b[0m"}})";
    root.version->origin.recipe = "name: triage\nseed: 1\n";

    const std::string page = version_page(root, {{"production", 2, 1'795'303'470'985'960}});

    EXPECT_THAT(page, HasSubstr("size       12.3 MB (12,345,678 bytes)"));
    EXPECT_THAT(page, HasSubstr("base       triage-base:2"));
    EXPECT_THAT(page, HasSubstr("loss                 0.25"));
    EXPECT_THAT(page, HasSubstr("exact                0.9"));
    EXPECT_THAT(page, HasSubstr("  seed: 1\n"));
    EXPECT_THAT(page, HasSubstr("production to triage:2"));
    EXPECT_THAT(page, Not(HasSubstr("\x1b")));
}

TEST(RegistryText, ATableHasALineAVersion) {
    const std::string table = version_table({*tuned().version, *tuned().parents[0].version});

    EXPECT_EQ(std::ranges::count(table, '\n'), 3);
    EXPECT_THAT(table, HasSubstr("triage-base:2  model    -"));
    EXPECT_THAT(table, HasSubstr("triage:2       model    latest, production    12.3 MB"));
}

TEST(RegistryText, AReportShowsABarForEachLengthFromTheShortest) {
    registry::DatasetReport report;
    report.rows = 1001;
    report.tokens = 5000;
    report.tokens_longest = 31;
    report.length_histogram = {0, 0, 1000, 0, 1};
    report.examples = {"line 2 repeats line 1"};

    const std::string page = report_page(report, false);

    EXPECT_THAT(page, HasSubstr("rows       1,001\n"));
    EXPECT_THAT(page, HasSubstr("5.0 tokens a row, 31 the longest, 5,000 in all"));
    EXPECT_THAT(page, Not(HasSubstr(" 1 to 1 "))) << "nothing is as short as that";
    EXPECT_THAT(page, HasSubstr("4 to 7      1,000  ▇▇"));
    EXPECT_THAT(page, HasSubstr("8 to 15          0  \n"));
    EXPECT_THAT(page, HasSubstr("16 to 31          1  ▇\n"));
    EXPECT_THAT(page, HasSubstr("line 2 repeats line 1"));
    EXPECT_THAT(page, Not(HasSubstr("leaked")));
    EXPECT_THAT(report_page(report, true), HasSubstr("leaked     0"));
}

TEST(RegistryText, SizesAndCountsAreWrittenForPeople) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(999), "999 bytes");
    EXPECT_EQ(size_text(1'000), "1.0 kB");
    EXPECT_EQ(size_text(999'600), "1.0 MB");
    EXPECT_EQ(size_text(4'700'000'000), "4.7 GB");
    EXPECT_EQ(size_text(123'400'000), "123 MB");
    EXPECT_EQ(count_text(0), "0");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(count_text(1'000), "1,000");
    EXPECT_EQ(count_text(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace forebay::app
