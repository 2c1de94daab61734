#include "config/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/schema.h"
#include "config/suggest.h"

namespace forebay::config {
namespace {

bool is_valid_name(std::string_view name, NameRule rule) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    const std::string_view others = rule == NameRule::model ? "._-/:@" : "._-";
    const std::size_t bytes_max = rule == NameRule::model ? 128 : 64;
    if (name.empty() || name.size() > bytes_max) return false;
    if (rule == NameRule::identifier && !plain(name.front())) return false;
    return std::ranges::all_of(name, [&](char c) { return plain(c) || others.find(c) != std::string_view::npos; });
}

std::string_view describe(NameRule rule) {
    if (rule == NameRule::model) return "a name is 1 to 128 letters, digits and . _ - / : @";
    return "a name is 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or a digit";
}

// The visitor that reads one mapping. Each field looks up its own key; what no field asked for is unknown.
class SectionReader {
public:
    SectionReader(ReadContext& context, const Node& node, std::string path)
        : context_(context), node_(node), path_(std::move(path)) {}

    template <class S>
    static void read(ReadContext& context, const Node& node, std::string path, S& out) {
        if (node.kind != NodeKind::mapping && node.kind != NodeKind::null) {
            Cursor(context, node, std::move(path)).add_problem("must be a mapping (key: value)");
            return;
        }
        context.places[path] = Place{node.at, false};
        SectionReader reader(context, node, std::move(path));
        visit_fields(reader, out);
        reader.report_unknown_keys();
    }

    template <class T>
    void integer(std::string_view key, T& out, std::int64_t least, std::int64_t most) {
        if (const auto value = find(key)) value->read_integer(out, least, most);
    }
    void size(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most) {
        if (const auto value = find(key)) value->read_size(out, least, most);
    }
    void duration(std::string_view key, std::chrono::milliseconds& out, std::chrono::milliseconds least,
                  std::chrono::milliseconds most) {
        if (const auto value = find(key)) value->read_duration(out, least, most);
    }
    void boolean(std::string_view key, bool& out) {
        if (const auto value = find(key)) value->read_boolean(out);
    }
    void listen(std::string_view key, ListenAddress& out) {
        if (const auto value = find(key)) value->read_listen(out);
    }
    void secret(std::string_view key, Secret& out) {
        if (const auto value = find(key)) value->read_secret(out);
    }
    void text(std::string_view key, std::string& out, Need need) {
        if (const auto value = find(key, need)) value->read_text(out, need == Need::optional);
    }
    void path(std::string_view key, std::string& out, Need need) {
        if (const auto value = find(key, need)) value->read_path(out, need == Need::optional);
    }
    void name_or_path(std::string_view key, std::string& out) {
        if (const auto value = find(key)) value->read_name_or_path(out);
    }
    void url(std::string_view key, std::string& out, Need need) {
        if (const auto value = find(key, need)) value->read_url(out, need == Need::optional);
    }

    template <class T>
    void choice(std::string_view key, T& out, const std::vector<Choice<T>>& choices) {
        const auto value = find(key);
        if (!value) return;
        std::vector<std::string> words;
        for (const auto& choice : choices) words.emplace_back(choice.word);
        if (const auto index = value->choice(words)) out = choices[*index].value;
    }
    template <class S>
    void section(std::string_view key, S& out) {
        if (const auto value = find(key)) read(context_, value->node(), value->path(), out);
    }
    template <class S>
    void optional_section(std::string_view key, std::optional<S>& out) {
        const auto value = find(key);
        if (!value) return;
        out.emplace();
        read(context_, value->node(), value->path(), *out);
    }
    template <class S>
    void named(std::string_view key, std::map<std::string, S>& out, NameRule rule) {
        const auto value = find(key);
        if (!value || value->node().kind == NodeKind::null) return;
        if (value->node().kind != NodeKind::mapping) return value->add_problem("must be a mapping (name: settings)");
        for (const auto& entry : value->node().entries) {
            if (!is_valid_name(entry.key, rule)) {
                context_.problems.add(entry.key_at, fmt::format("{} is not a valid name in {}: {}", shown(entry.key),
                                                                key, describe(rule)));
            }
            S& settings = out[entry.key];
            settings.name = entry.key;
            read(context_, *entry.value, fmt::format("{}.{}", key, entry.key), settings);
        }
    }
    template <class S>
    void list(std::string_view key, std::vector<S>& out) {
        const auto value = find(key, Need::required);
        if (!value) return;
        if (value->node().kind == NodeKind::mapping || value->node().kind == NodeKind::scalar) {
            return value->add_problem("must be a list: begin each entry with '- ', or write [ … ]");
        }
        if (value->node().items.empty()) return value->add_problem("must have at least one entry");
        for (const auto& item : value->node().items) {
            read(context_, *item, fmt::format("{}[{}]", value->path(), out.size()), out.emplace_back());
        }
    }

private:
    std::optional<Cursor> find(std::string_view key, Need need = Need::optional) {
        known_.emplace_back(key);
        const auto entry = std::ranges::find(node_.entries, key, &Entry::key);
        if (entry == node_.entries.end()) {
            if (need == Need::required) context_.problems.add(node_.at, fmt::format("{} needs '{}'", path_, key));
            return std::nullopt;
        }
        auto path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
        context_.places[path] = Place{entry->value->at, false};
        return Cursor(context_, *entry->value, std::move(path));
    }

    void report_unknown_keys() {
        for (const auto& entry : node_.entries) {
            if (std::ranges::find(known_, entry.key) != known_.end()) continue;
            auto hint = context_.problems.full() ? "" : did_you_mean(entry.key, known_);
            if (hint.empty()) hint = fmt::format("; known here: {}", fmt::join(known_, ", "));
            const auto where = path_.empty() ? "" : fmt::format(" in {}", path_);
            context_.problems.add(entry.key_at, fmt::format("unknown key {}{}{}", shown(entry.key), where, hint));
        }
    }

    ReadContext& context_;
    const Node& node_;
    std::string path_;
    std::vector<std::string> known_;
};

}  // namespace

void read_settings(ReadContext& context, const Node& root, Settings& out) {
    SectionReader::read(context, root, "", out);
}

}  // namespace forebay::config
