#include "config/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forebay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Parsed {
    NodePtr root;
    std::vector<std::string> problems;
};
Parsed parse_text(std::string_view text) {
    ProblemList problems("f");
    auto root = parse_yaml(text, problems);
    Parsed out{std::move(root), {}};
    for (const auto& problem : problems.take()) out.problems.push_back(to_string(problem));
    return out;
}

TEST(YamlTree, KeepsPositionsOfKeysAndValues) {
    const auto parsed = parse_text("a: 1\nb:\n  - x\n  - {c: \"2\"}\n");

    ASSERT_TRUE(parsed.problems.empty());
    const auto& b = parsed.root->entries.at(1);
    EXPECT_EQ(b.key, "b");
    EXPECT_EQ(b.key_at.line, 2);
    EXPECT_EQ(b.value->items.at(0)->at.line, 3);
    EXPECT_EQ(b.value->items.at(0)->at.column, 5);
    const auto& c = b.value->items.at(1)->entries.at(0);
    EXPECT_EQ(c.key_at.column, 6);
    EXPECT_TRUE(c.value->quoted);
    EXPECT_FALSE(parsed.root->entries.at(0).value->quoted);
}

TEST(YamlTree, AnAliasSharesItsAnchorsNode) {
    const auto parsed = parse_text("a: &x [1, 2]\nb: *x\n");

    ASSERT_TRUE(parsed.problems.empty());
    EXPECT_EQ(parsed.root->entries.at(0).value, parsed.root->entries.at(1).value);
}

TEST(YamlTree, AnAliasBombIsRefusedByItsExpandedSize) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const auto below = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
        for (int j = 1; j < 10; ++j) text += ", " + below;
        text += "]\n";
    }

    EXPECT_THAT(parse_text(text).problems, ElementsAre(HasSubstr("more than 100000 values")));
}

TEST(YamlTree, AnAliasInsideItsOwnAnchorIsRefused) {
    EXPECT_THAT(parse_text("a: &x [*x]\n").problems,
                ElementsAre("f:1:8: this alias refers to the collection that it is part of"));
}

TEST(YamlTree, DepthIsLimited) {
    EXPECT_THAT(parse_text("a: " + std::string(31, '[') + std::string(31, ']')).problems, ElementsAre());
    EXPECT_THAT(parse_text("a: " + std::string(32, '[')).problems, ElementsAre(HasSubstr("more than 32 levels deep")));
    EXPECT_THAT(parse_text(std::string(500'000, '[')).problems, ElementsAre(HasSubstr("more than 32 levels deep")));
    std::string dashes;
    for (int i = 0; i < 100'000; ++i) dashes += "- ";
    EXPECT_THAT(parse_text(dashes).problems, ElementsAre(HasSubstr("more than 32 levels deep")));
}

TEST(YamlTree, SizeIsLimited) {
    EXPECT_THAT(parse_text(std::string(file_bytes_max + 1, '#')).problems,
                ElementsAre("f: the file is larger than 1048576 bytes"));
    std::string many = "a: [";
    for (std::size_t i = 0; i < node_count_max; ++i) many += "1,";
    EXPECT_THAT(parse_text(many + "]\n").problems, ElementsAre(HasSubstr("more than 100000 values")));
}

TEST(YamlTree, TextMustBeUtf8WithoutControlCharacters) {
    EXPECT_THAT(parse_text("a: 1\nb: \xFF\n").problems, ElementsAre(HasSubstr("f:2:4: the file must be UTF-8 text")));
    EXPECT_THAT(parse_text(std::string_view("a: \0", 4)).problems, ElementsAre(HasSubstr("f:1:4: ")));
    EXPECT_TRUE(parse_text("a: é\r\nb: \"\t\"\r\n").problems.empty());
    EXPECT_EQ(parse_text("\xEF\xBB\xBF"
                         "a: 1\n")
                  .root->entries.at(0)
                  .key,
              "a");
}

TEST(YamlTree, KeysAreWordsAndUnique) {
    EXPECT_THAT(parse_text("[1]: 2\n").problems, ElementsAre("f:1:1: a key must be a word"));
    EXPECT_THAT(parse_text("~: 2\n").problems, ElementsAre("f:1:1: a key must be a word"));
    const auto parsed = parse_text("a: 1\nb: 2\n\"a\": 3\n");
    EXPECT_THAT(parsed.problems, ElementsAre("f:3:1: duplicate key 'a': it stands in line 1 already"));
    EXPECT_EQ(parsed.root->entries.at(0).value->text, "1");
}

TEST(YamlTree, TagsAreRefused) {
    EXPECT_THAT(parse_text("a: !!int 1\n").problems, ElementsAre(HasSubstr("YAML tags")));
    EXPECT_THAT(parse_text("a: !x [1]\n").problems, ElementsAre(HasSubstr("YAML tags")));
}

TEST(YamlTree, DocumentMarkersAroundTheOneDocumentAreFine) {
    for (const auto* text :
         {"a: 1", "---\na: 1\n", "a: 1\n...\n", "---\na: 1\n...\n# end\n", "%YAML 1.2\n---\na: 1\n"}) {
        const auto parsed = parse_text(text);
        EXPECT_THAT(parsed.problems, ElementsAre()) << text;
        EXPECT_EQ(parsed.root->entries.at(0).key, "a") << text;
    }
}

TEST(YamlTree, AQuoteThatIsNeverClosedIsRefused) {
    for (const auto* text : {"a: \"1", "a: \"1\n", "a: '1\n\n", "a: \"1\nb: 2\n"}) {
        EXPECT_THAT(parse_text(text).problems, ElementsAre(HasSubstr("a quote is missing"))) << text;
    }
}

TEST(YamlTree, SyntaxErrorsAreExplainedInTheirPlace) {
    EXPECT_THAT(parse_text("a: [1, 2\nb: 3\n").problems.at(0), HasSubstr("'[' is not closed"));
    EXPECT_THAT(parse_text("a: {b: 1\n").problems.at(0), HasSubstr("'{' is not closed"));
    EXPECT_THAT(parse_text("a: b: c\n").problems.at(0), HasSubstr("f:1:5: a ':' is not possible here"));
    EXPECT_THAT(parse_text("a: *none\n").problems.at(0), HasSubstr("f:1:4: this alias"));
    EXPECT_THAT(parse_text("a: \"\\q\"\n").problems.at(0), HasSubstr("unknown '\\' escape"));
    EXPECT_THAT(parse_text("a: @x\n").problems.at(0), HasSubstr("quote the value"));
}

}  // namespace
}  // namespace forebay::config
