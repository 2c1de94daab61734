// docs/guide/training.md against the schema: every key with its default and range, no other key, and examples that
// work.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "training/recipe_schema.h"

namespace forebay::training {
namespace {

struct Row {
    std::string default_text;  // as the table's cell; "" where any text will do
    std::string range;
    bool compared = false;
};

// Collects what the table should say of each key: "learning_rate.peak".
class KeyLister {
public:
    static bool when(bool) { return true; }
    template <class T>
    void integer(std::string_view key, T value, Whole range) {
        add(key, fmt::to_string(value), describe(range));
    }
    void number(std::string_view key, double value, Range range) { add(key, fmt::to_string(value), describe(range)); }
    void boolean(std::string_view key, bool value) { add(key, value ? "true" : "false", "`true`, `false`"); }
    template <class T>
    void choice(std::string_view key, const T& value, const std::vector<Choice<T>>& choices) {
        std::vector<std::string> words;
        std::string chosen;
        for (const auto& choice : choices) {
            words.push_back(fmt::format("`{}`", choice.word));
            if (choice.value == value) chosen = choice.word;
        }
        add(key, chosen, fmt::format("{}", fmt::join(words, ", ")));
    }
    template <class Visit>
    void section(std::string_view key, Visit visit) {
        prefix_ = fmt::format("{}.", key);
        visit(*this);
        prefix_.clear();
    }
    template <class... A>
    void text(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void url(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void path(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void paths(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void name(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void base(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void targets(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void words(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void template_file(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void template_text(std::string_view key, A&&...) {
        name_only(key);
    }
    template <class... A>
    void secret(std::string_view key, A&&...) {
        name_only(key);
    }

    std::map<std::string, Row> rows;

private:
    void name_only(std::string_view key) { rows[prefix_ + std::string(key)] = Row{}; }
    void add(std::string_view key, std::string_view value, std::string range) {
        rows[prefix_ + std::string(key)] = Row{fmt::format("`{}`", value), std::move(range), true};
    }
    std::string prefix_;
};

std::vector<std::string> guide_lines() {
    constexpr const char* file = FOREBAY_SOURCE_FOLDER "/docs/guide/training.md";
    std::ifstream in(file);
    EXPECT_TRUE(in) << file << " is missing";
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

// The cells of "| `key` | meaning | default | range |".
std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    for (std::size_t at = 1; at < line.size();) {
        const auto end = std::min(line.find('|', at), line.size());
        const auto begin = std::min(line.find_first_not_of(' ', at), end);
        const auto cell = line.substr(begin, end - begin);
        cells.push_back(cell.substr(0, cell.find_last_not_of(' ') + 1));
        at = end + 1;
    }
    return cells;
}

std::map<std::string, Row> rows_in_guide() {
    std::map<std::string, Row> rows;
    for (const auto& line : guide_lines()) {
        if (!line.starts_with("| `")) continue;
        const auto cells = cells_of(line);
        EXPECT_EQ(cells.size(), 4u) << line;
        if (cells.size() != 4) continue;
        const auto key = cells[0].substr(1, cells[0].size() - 2);
        EXPECT_TRUE(rows.emplace(key, Row{cells[2], cells[3], true}).second) << key << " is there twice";
    }
    return rows;
}

// Each block that is a whole recipe, without its indentation.
std::vector<std::string> recipes_in_guide() {
    std::vector<std::string> blocks;
    std::size_t indentation = 0;
    bool inside = false;
    for (const auto& line : guide_lines()) {
        const auto begin = std::min(line.find_first_not_of(' '), line.size());
        if (line.substr(begin).starts_with("```")) {
            inside = line.substr(begin) == "```yaml";
            indentation = begin;
            if (inside) blocks.emplace_back();
        } else if (inside) {
            blocks.back() += line.substr(std::min(indentation, line.size())) + "\n";
        }
    }
    return blocks;
}

TEST(TrainingGuide, DescribesEachKeyWithItsDefaultAndRangeAndNoOther) {
    KeyLister lister;
    Recipe defaults;
    visit_recipe(lister, defaults);
    auto guide = rows_in_guide();

    EXPECT_GT(lister.rows.size(), 45u);
    for (const auto& [key, row] : lister.rows) {
        const auto found = guide.find(key);
        ASSERT_NE(found, guide.end()) << key << " is not in the guide";
        if (row.compared) {
            EXPECT_EQ(found->second.default_text, row.default_text) << key;
            EXPECT_EQ(found->second.range, row.range) << key;
        }
        guide.erase(found);
    }
    for (const auto& [key, row] : guide) ADD_FAILURE() << key << " is in the guide and not in the schema";
}

TEST(TrainingGuide, ItsRecipesAreAccepted) {
    const config::Sources sources{.environment = [](const std::string&) { return std::optional<std::string>("value"); },
                                  .read_file = [](const std::string&) -> Result<std::string> { return "value"; }};
    const auto blocks = recipes_in_guide();

    EXPECT_EQ(blocks.size(), 4u);
    for (const auto& block : blocks) {
        const auto recipe = parse_recipe(block, "guide.yaml", sources);
        EXPECT_TRUE(recipe) << config::to_string(recipe.error()) << "\n" << block;
    }
}

}  // namespace
}  // namespace forebay::training
