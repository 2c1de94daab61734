// docs/guide/configuration.md against the schema: every key is described, and no other.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <vector>

#include "config/load.h"
#include "config/schema.h"

namespace forebay::config {
namespace {

// Collects the dotted name of every key: "server.threads", "models.NAME.targets[].model".
class KeyLister {
public:
    template <class... A>
    void integer(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void size(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void duration(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void boolean(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void choice(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void listen(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void text(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void path(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void name_or_path(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void url(std::string_view key, A&&...) {
        add(key);
    }
    template <class... A>
    void secret(std::string_view key, A&&...) {
        add(key);
    }
    template <class S>
    void section(std::string_view key, S& inner) {
        descend(std::string(key) + ".", inner);
    }
    template <class S>
    void optional_section(std::string_view key, std::optional<S>&) {
        S inner;
        section(key, inner);
    }
    template <class S>
    void named(std::string_view key, std::map<std::string, S>&, NameRule) {
        S inner;
        descend(std::string(key) + ".NAME.", inner);
    }
    template <class S>
    void list(std::string_view key, std::vector<S>&) {
        S inner;
        descend(std::string(key) + "[].", inner);
    }
    std::set<std::string> keys;

private:
    void add(std::string_view key) { keys.insert(prefix_ + std::string(key)); }
    template <class S>
    void descend(const std::string& step, S& inner) {
        const std::string before = prefix_;
        prefix_ += step;
        visit_fields(*this, inner);
        prefix_ = before;
    }
    std::string prefix_;
};

constexpr const char* guide_file = FOREBAY_SOURCE_FOLDER "/docs/guide/configuration.md";

std::vector<std::string> guide_lines() {
    std::ifstream file(guide_file);
    EXPECT_TRUE(file) << guide_file << " is missing";
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

// The first cell of each table row, where it is a key in backquotes.
std::set<std::string> keys_in_guide() {
    std::set<std::string> keys;
    for (const auto& line : guide_lines()) {
        if (!line.starts_with("| `") || line.starts_with("| `$")) continue;
        keys.insert(line.substr(3, line.find('`', 3) - 3));
    }
    return keys;
}

// The examples of the sections from `heading` on, as one file.
std::string examples_from(std::string_view heading) {
    std::string text;
    bool reached = false;
    bool inside = false;
    for (const auto& line : guide_lines()) {
        reached = reached || line == heading;
        if (line.starts_with("```")) {
            inside = line == "```yaml";
        } else if (reached && inside) {
            text += line + "\n";
        }
    }
    return text;
}

Sources every_variable_is_set() {
    return {.environment = [](const std::string&) { return std::optional<std::string>("value"); },
            .read_file = [](const std::string&) -> Result<std::string> { return "value"; }};
}

TEST(ConfigurationGuide, DescribesEachKeyAndNoOther) {
    KeyLister lister;
    Settings settings;
    visit_fields(lister, settings);

    EXPECT_GT(lister.keys.size(), 30u);
    EXPECT_EQ(keys_in_guide(), lister.keys);
}

TEST(ConfigurationGuide, ItsExamplesAreAccepted) {
    const auto text = examples_from("## tls");

    const auto loaded = parse(text, "guide.yaml", every_variable_is_set());

    ASSERT_TRUE(loaded) << to_string(loaded.error()) << "\n" << text;
    EXPECT_EQ((*loaded)->models.size(), 3u);
    EXPECT_TRUE((*loaded)->tls.has_value());
}

TEST(ConfigurationGuide, TheDemoIsAccepted) {
    const auto loaded = load_blocking(FOREBAY_SOURCE_FOLDER "/examples/demo/forebay.yaml");

    ASSERT_TRUE(loaded) << to_string(loaded.error());
    EXPECT_EQ((*loaded)->runtimes.at("triage").slots, 8u);
}

}  // namespace
}  // namespace forebay::config
