#include "training/recipe_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "config/suggest.h"
#include "training/recipe_schema.h"

namespace forebay::training {
namespace {

using config::Cursor;
using config::Node;
using config::NodeKind;
using config::shown;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// NAME, NAME:3, NAME@LABEL or sha256:HEX.
bool is_registry_reference(std::string_view text) {
    if (text.starts_with("sha256:")) {
        const auto digits = text.substr(std::string_view("sha256:").size());
        return digits.size() >= 8 && digits.size() <= 64 && std::ranges::all_of(digits, is_hexadecimal);
    }
    const auto end = text.find_first_of(":@");
    if (!is_model_name(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    const auto rest = text.substr(end + 1);
    if (text[end] == '@') return is_model_name(rest);
    return !rest.empty() && rest.size() <= 9 && std::ranges::all_of(rest, is_digit);
}

bool looks_like_path(std::string_view text) { return text.ends_with(".gguf") || text.contains('/'); }

// Why `text` cannot be a chat template, or "".
std::string fault_of_template(std::string_view text) {
    if (text.empty()) return "is empty";
    if (text.size() > template_bytes_max) return fmt::format("is larger than {} bytes", template_bytes_max);
    const auto is_control = [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
    };
    if (!utf8::is_valid(text) || std::ranges::any_of(text, is_control)) {
        return "is not text: it holds control characters, or bytes that are not UTF-8";
    }
    return "";
}

// The visitor that reads one mapping. Each field looks up its own key; what no field asked for is unknown.
class SectionReader {
public:
    SectionReader(config::ReadContext& context, const Node& node, std::string path)
        : context_(context), node_(node), path_(std::move(path)) {}

    static bool when(bool) { return true; }

    template <class T>
    void integer(std::string_view key, T& out, Whole range) {
        if (const auto value = find(key)) value->read_integer(out, range.least, range.most);
    }
    void number(std::string_view key, double& out, Range range) {
        if (const auto value = find(key)) read_number(*value, out, range);
    }
    void boolean(std::string_view key, bool& out) {
        if (const auto value = find(key)) value->read_boolean(out);
    }
    void text(std::string_view key, std::string& out) {
        if (const auto value = find(key)) read_short_text(*value, out);
    }
    void url(std::string_view key, std::string& out) {
        if (const auto value = find(key)) value->read_url(out, false);
    }
    void path(std::string_view key, std::string& out, Need need) {
        if (const auto value = find(key, need)) read_path(*value, out);
    }
    template <class T>
    void choice(std::string_view key, T& out, const std::vector<Choice<T>>& choices) {
        const auto value = find(key);
        if (!value) return;
        std::vector<std::string> words;
        for (const auto& choice : choices) words.emplace_back(choice.word);
        if (const auto index = value->choice(words)) out = choices[*index].value;
    }
    template <class Visit>
    void section(std::string_view key, Visit visit) {
        const auto value = find(key, key == "data" ? Need::required : Need::optional);
        if (!value) return;
        if (value->node().kind != NodeKind::mapping && value->node().kind != NodeKind::null) {
            return value->add_problem("must be a mapping (key: value)");
        }
        SectionReader inner(context_, value->node(), value->path());
        visit(inner);
        inner.report_unknown_keys();
    }

    void name(std::string_view key, std::string& out) {
        const auto value = find(key, Need::required);
        if (!value) return;
        value->read_text(out, false);
        if (out.empty() || is_model_name(out)) return;
        value->add_problem(
            "must be 1 to 64 lower-case letters, digits, '-', '_' and '.', beginning with a letter or "
            "a digit");
    }
    void base(std::string_view key, bool& from_scratch, std::string& out);
    void paths(std::string_view key, std::vector<std::string>& out) {
        each(key, corpus_files_max, [&](const Cursor& item) { read_path(item, out.emplace_back()); });
    }
    void targets(std::string_view key, std::vector<std::string>& out);
    void words(std::string_view key, std::vector<std::string>& out);
    void template_file(std::string_view key, std::string& out);
    void template_text(std::string_view key, std::string& out);
    void secret(std::string_view key, config::Secret& out, std::string& reference);

    void report_unknown_keys() {
        for (const auto& entry : node_.entries) {
            if (std::ranges::find(known_, entry.key) != known_.end()) continue;
            auto hint = context_.problems.full() ? "" : config::did_you_mean(entry.key, known_);
            if (hint.empty()) hint = fmt::format("; known here: {}", fmt::join(known_, ", "));
            const auto where = path_.empty() ? "" : fmt::format(" in {}", path_);
            context_.problems.add(entry.key_at, fmt::format("unknown key {}{}{}", shown(entry.key), where, hint));
        }
    }

private:
    std::optional<Cursor> find(std::string_view key, Need need = Need::optional) {
        known_.emplace_back(key);
        const auto entry = std::ranges::find(node_.entries, key, &config::Entry::key);
        if (entry == node_.entries.end()) {
            const std::string owner = path_.empty() ? "the recipe" : path_;
            if (need == Need::required) context_.problems.add(node_.at, fmt::format("{} needs '{}'", owner, key));
            return std::nullopt;
        }
        auto path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
        context_.places[path] = config::Place{entry->value->at, false};
        return Cursor(context_, *entry->value, std::move(path));
    }
    bool is_referenced(const Cursor& value) const { return context_.places[value.path()].referenced; }

    // Calls `read` for each entry of the list at `key`; nothing where it is not a list of 1 to `most`.
    template <class Read>
    void each(std::string_view key, std::size_t most, Read read) {
        const auto value = find(key);
        if (!value) return;
        const Node& list = value->node();
        if (list.kind != NodeKind::sequence) return value->add_problem("must be a list: write [ … ], or '- ' lines");
        if (list.items.empty() || list.items.size() > most) {
            return value->add_problem(fmt::format("must have 1 to {} entries", most));
        }
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            read(Cursor(context_, *list.items[i], fmt::format("{}[{}]", value->path(), i)));
        }
    }

    static void check_size(const Cursor& value, const std::string& text) {
        if (text.size() > word_bytes_max) value.add_problem(fmt::format("is longer than {} bytes", word_bytes_max));
    }
    static void read_short_text(const Cursor& value, std::string& out) {
        value.read_text(out, false);
        check_size(value, out);
    }
    static void read_path(const Cursor& value, std::string& out) {
        value.read_path(out, false);
        check_size(value, out);
    }
    void read_number(const Cursor& value, double& out, Range range) const;

    config::ReadContext& context_;
    const Node& node_;
    std::string path_;
    std::vector<std::string> known_;
};

void SectionReader::read_number(const Cursor& value, double& out, Range range) const {
    const auto expected = fmt::format("must be a number ({})", describe(range));
    if (value.node().kind != NodeKind::scalar) return value.add_problem(expected);
    std::string text;
    value.read_text(text, false);
    if (text.empty()) return;
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
    const bool plain = !value.node().quoted || is_referenced(value);
    const bool low = range.least_open ? number <= range.least : number < range.least;
    const bool high = range.most_open ? number >= range.most : number > range.most;
    if (whole && plain && !low && !high) {
        out = number + 0.0;  // so that -0 is written as 0
        return;
    }
    const auto but = is_referenced(value) ? "" : fmt::format(", not {}{}", plain ? "" : "the text ", shown(text));
    value.add_problem(expected + but);
}

void SectionReader::base(std::string_view key, bool& from_scratch, std::string& out) {
    const auto value = find(key);
    if (!value) return;
    std::string text;
    value->read_text(text, false);
    if (text.empty()) return;
    if (text == from_scratch_word) {
        from_scratch = true;
        return;
    }
    if (looks_like_path(text)) return read_path(*value, out);
    const auto hint = config::did_you_mean(text, {std::string(from_scratch_word)});
    if (hint.empty() && is_registry_reference(text)) {
        out = std::move(text);
        return;
    }
    const auto found = is_referenced(*value) ? "" : fmt::format(", not {}{}", shown(text), hint);
    value->add_problem(
        "must be 'from_scratch', a GGUF file ('models/base.gguf') or a model of the registry (NAME, NAME:3, "
        "NAME@LABEL or sha256:…)" +
        found);
}

void SectionReader::targets(std::string_view key, std::vector<std::string>& out) {
    std::vector<std::string> read;
    each(key, lora_targets.size(), [&](const Cursor& item) {
        const auto index = item.choice(lora_targets);
        if (!index) return;
        const auto& target = lora_targets[*index];
        if (std::ranges::find(read, target) != read.end()) return item.add_problem("is there twice: remove one");
        read.push_back(target);
    });
    if (!read.empty()) out = std::move(read);
}

// A word that begins with "./" or "../" is a file beside the recipe: the command runs elsewhere.
void SectionReader::words(std::string_view key, std::vector<std::string>& out) {
    each(key, command_words_max, [&](const Cursor& item) {
        std::string& word = out.emplace_back();
        item.read_text(word, true);
        if (is_referenced(item)) {
            return item.add_problem(
                "must not hold a reference, because a run's folder keeps the command as text: name the variable in "
                "'pass_on', and let the command read it");
        }
        if (word.starts_with("./") || word.starts_with("../")) {
            word = (context_.folder / word).lexically_normal().string();
        }
        check_size(item, word);
    });
}

void SectionReader::template_file(std::string_view key, std::string& out) {
    const auto value = find(key);
    if (!value) return;
    std::string path;
    read_path(*value, path);
    if (path.empty()) return;
    const auto where = is_referenced(*value) ? "its file" : shown(path);
    auto text = context_.sources.read_file(path);
    if (!text) return value->add_problem(fmt::format("cannot be read from {}: {}", where, text.error().message));
    const auto fault = fault_of_template(*text);
    if (!fault.empty()) return value->add_problem(fmt::format("cannot be used: {} {}", where, fault));
    out = *std::move(text);
}

// Taken as it stands, without references: a template may well hold "${".
void SectionReader::template_text(std::string_view key, std::string& out) {
    const auto value = find(key);
    if (!value) return;
    if (value->node().kind != NodeKind::scalar) return value->add_problem("must be text: begin it with '|'");
    const auto fault = fault_of_template(value->node().text);
    if (!fault.empty()) return value->add_problem(fault);
    out = value->node().text;
}

void SectionReader::secret(std::string_view key, config::Secret& out, std::string& reference) {
    const auto value = find(key);
    if (!value) return;
    constexpr std::string_view file_prefix = "${file:";
    const std::string& written = value->node().text;
    if (value->node().kind != NodeKind::scalar || !written.starts_with("${") ||
        written.find('}') != written.size() - 1) {
        return value->add_problem(
            "must be a reference alone, such as \"${env:OPENAI_API_KEY}\" or \"${file:PATH}\": "
            "the run's folder keeps the recipe, and a key must not be in it");
    }
    value->read_secret(out);
    reference = written;
    if (!written.starts_with(file_prefix)) return;
    const auto inside = written.substr(file_prefix.size(), written.size() - file_prefix.size() - 1);
    const auto whole = (context_.folder / inside).lexically_normal().string();
    if (whole.contains('}'))
        return value->add_problem("names a file whose folder has a '}' in its name: move the file");
    reference = fmt::format("{}{}}}", file_prefix, whole);
}

}  // namespace

void read_recipe(config::ReadContext& context, const Node& root, Recipe& out) {
    SectionReader reader(context, root, "");
    visit_recipe(reader, out);
    reader.report_unknown_keys();
    // Text has no assistant's turns.
    if (out.data.format == Format::text && !context.places.contains("loss")) out.loss = LossOn::all;
}

}  // namespace forebay::training
