#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>

#include "config/addresses.h"
#include "config/load.h"
#include "config/quantities.h"
#include "config/references.h"
#include "config/schema.h"

namespace forebay::config {
namespace {

// The visitor that writes one mapping.
class SectionWriter {
public:
    template <class S>
    static void write(YAML::Emitter& out, S& section) {
        out << YAML::BeginMap;
        SectionWriter writer(out);
        visit_fields(writer, section);
        out << YAML::EndMap;
    }

    template <class T>
    void integer(std::string_view key, const T& value, std::int64_t, std::int64_t) {
        put(key, std::to_string(value));
    }
    void size(std::string_view key, std::uint64_t value, std::uint64_t, std::uint64_t) { put(key, format_size(value)); }
    void duration(std::string_view key, std::chrono::milliseconds value, std::chrono::milliseconds,
                  std::chrono::milliseconds) {
        put(key, format_duration(value));
    }
    void boolean(std::string_view key, bool value) { put(key, value ? "true" : "false"); }
    void listen(std::string_view key, const ListenAddress& value) { put(key, format_listen(value)); }
    void text(std::string_view key, const std::string& value, Need need) {
        if (value.empty() && need == Need::alternative) return;
        out_ << YAML::Key << std::string(key) << YAML::Value << YAML::DoubleQuoted << escape_references(value);
    }
    void path(std::string_view key, const std::string& value, Need need) { text(key, value, need); }
    void name_or_path(std::string_view key, const std::string& value) { text(key, value, Need::optional); }
    void url(std::string_view key, const std::string& value, Need need) { text(key, value, need); }
    void secret(std::string_view key, const Secret& value) {
        text(key, value.empty() ? "" : "(secret)", Need::alternative);
    }

    template <class T>
    void choice(std::string_view key, const T& value, const std::vector<Choice<T>>& choices) {
        const auto found = std::ranges::find(choices, value, &Choice<T>::value);
        put(key, found == choices.end() ? "" : std::string(found->word));
    }
    template <class S>
    void section(std::string_view key, S& value) {
        out_ << YAML::Key << std::string(key) << YAML::Value;
        write(out_, value);
    }
    template <class S>
    void optional_section(std::string_view key, std::optional<S>& value) {
        if (value) section(key, *value);
    }
    template <class S>
    void named(std::string_view key, std::map<std::string, S>& values, NameRule) {
        out_ << YAML::Key << std::string(key) << YAML::Value << YAML::BeginMap;
        for (auto& [name, value] : values) section(name, value);
        out_ << YAML::EndMap;
    }
    template <class S>
    void list(std::string_view key, std::vector<S>& values) {
        out_ << YAML::Key << std::string(key) << YAML::Value << YAML::BeginSeq;
        for (auto& value : values) write(out_, value);
        out_ << YAML::EndSeq;
    }

private:
    explicit SectionWriter(YAML::Emitter& out) : out_(out) {}
    void put(std::string_view key, const std::string& plain) {
        out_ << YAML::Key << std::string(key) << YAML::Value << plain;
    }

    YAML::Emitter& out_;
};

}  // namespace

std::string to_yaml(const Settings& settings) {
    Settings copy = settings;  // the tables name fields that the reader writes
    YAML::Emitter out;
    SectionWriter::write(out, copy);
    return std::string(out.c_str()) + "\n";
}

}  // namespace forebay::config
