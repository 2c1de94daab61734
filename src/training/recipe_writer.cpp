#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "config/references.h"
#include "training/recipe_schema.h"

namespace forebay::training {
namespace {

// A double-quoted YAML scalar is a JSON string.
std::string yaml_text(std::string_view text) { return json::quote(config::escape_references(text)); }

// A block keeps a template readable; only double quotes can carry a carriage return or a text of line breaks alone.
bool fits_block(std::string_view text) { return !text.contains('\r') && text.find_first_not_of("\n") != text.npos; }

// The visitor that writes one mapping.
class SectionWriter {
public:
    SectionWriter(std::string& out, std::string indentation) : out_(out), indentation_(std::move(indentation)) {}

    static bool when(bool condition) { return condition; }

    template <class T>
    void integer(std::string_view key, T value, Whole) {
        put(key, fmt::to_string(value));
    }
    void number(std::string_view key, double value, Range) {
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        put(key, std::string_view(digits, end));
    }
    void boolean(std::string_view key, bool value) { put(key, value ? "true" : "false"); }
    void text(std::string_view key, const std::string& value) { put(key, yaml_text(value)); }
    void url(std::string_view key, const std::string& value) { text(key, value); }
    void path(std::string_view key, const std::string& value, Need) { text(key, value); }
    void name(std::string_view key, const std::string& value) { text(key, value); }
    template <class T>
    void choice(std::string_view key, const T& value, const std::vector<Choice<T>>& choices) {
        const auto found = std::ranges::find(choices, value, &Choice<T>::value);
        put(key, found == choices.end() ? "" : found->word);
    }
    template <class Visit>
    void section(std::string_view key, Visit visit) {
        out_ += fmt::format("{}{}:\n", indentation_, key);
        SectionWriter inner(out_, indentation_ + "  ");
        visit(inner);
    }
    void base(std::string_view key, bool from_scratch, const std::string& value) {
        from_scratch ? put(key, from_scratch_word) : text(key, value);
    }
    void paths(std::string_view key, const std::vector<std::string>& values) {
        std::string list;
        for (const auto& value : values) list.append(list.empty() ? "" : ", ").append(yaml_text(value));
        put(key, fmt::format("[{}]", list));
    }
    void targets(std::string_view key, const std::vector<std::string>& values) { paths(key, values); }
    void words(std::string_view key, const std::vector<std::string>& values) { paths(key, values); }
    void template_file(std::string_view, const std::string&) {}
    void template_text(std::string_view key, std::string_view value);
    // The reference as it is: not a text that would have to be escaped.
    void secret(std::string_view key, const config::Secret&, const std::string& reference) {
        put(key, json::quote(reference));
    }

private:
    void put(std::string_view key, std::string_view value) {
        out_ += fmt::format("{}{}: {}\n", indentation_, key, value);
    }

    std::string& out_;
    std::string indentation_;
};

void SectionWriter::template_text(std::string_view key, std::string_view value) {
    if (!fits_block(value)) return put(key, json::quote(value));
    // The digit says how deep the block is indented, since the text itself may begin with spaces.
    put(key, value.ends_with('\n') ? "|2+" : "|2-");
    while (!value.empty()) {
        const auto line = value.substr(0, value.find('\n'));
        out_ += line.empty() ? "\n" : fmt::format("{}  {}\n", indentation_, line);
        value.remove_prefix(std::min(line.size() + 1, value.size()));
    }
}

}  // namespace

std::string describe(const Whole& range) { return fmt::format("{} to {}", range.least, range.most); }

std::string describe(const Range& range) {
    if (range.least_open)
        return fmt::format("above {}, {} {}", range.least, range.most_open ? "below" : "at most", range.most);
    return fmt::format("{} to {}{}", range.least, range.most_open ? "below " : "", range.most);
}

std::string to_yaml(const Recipe& recipe) {
    Recipe copy = recipe;  // the schema names fields that the reader writes
    std::string out;
    SectionWriter writer(out, "");
    visit_recipe(writer, copy);
    return out;
}

}  // namespace forebay::training
