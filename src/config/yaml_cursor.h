// Typed, strict reads of one value: each either stores the value or adds a Problem with its position and
// leaves the default in place, so that the reading goes on.
//
// Secrets  a message never repeats text that came from a reference, nor any text of a secret.
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem_list.h"
#include "config/yaml_tree.h"

namespace forebay::config {

// Where a value stands, for checks that look at several of them.
struct Place {
    Position at;
    bool referenced = false;  // its text came from a reference: never show it
};

// What one reading shares.
struct ReadContext {
    ProblemList& problems;
    const Sources& sources;
    std::filesystem::path folder;         // of the file: relative paths start here
    std::map<std::string, Place> places;  // by dotted path, for every value present
};

class Cursor {
public:
    // `path` is the value's dotted path for messages, such as "server.threads".
    Cursor(ReadContext& context, const Node& node, std::string path)
        : context_(&context), node_(&node), path_(std::move(path)) {}

    const Node& node() const { return *node_; }
    const std::string& path() const { return path_; }

    // "PATH MESSAGE" at the value's position.
    void add_problem(std::string_view message) const;

    template <std::integral T>
    void read_integer(T& out, std::int64_t least, std::int64_t most) const {
        if (const auto value = integer(least, most)) out = static_cast<T>(*value);
    }
    void read_size(std::uint64_t& out, std::uint64_t least, std::uint64_t most) const;
    void read_duration(std::chrono::milliseconds& out, std::chrono::milliseconds least,
                       std::chrono::milliseconds most) const;
    void read_boolean(bool& out) const;
    // The index in `words`, which are at least two.
    std::optional<std::size_t> choice(const std::vector<std::string>& words) const;
    void read_listen(ListenAddress& out) const;
    // The next five accept "" as "not set" unless `may_be_empty` is false.
    void read_text(std::string& out, bool may_be_empty) const;
    void read_path(std::string& out, bool may_be_empty) const;  // made absolute
    // A path where the text has a '/' or ends like a tokenizer's file (.gguf, .json, .tiktoken); otherwise a name.
    void read_name_or_path(std::string& out) const;
    void read_url(std::string& out, bool may_be_empty) const;
    void read_secret(Secret& out) const;

private:
    struct Scalar {
        std::string text;
        bool quoted = false;
        bool referenced = false;
    };
    // The text with references resolved, or nothing after a Problem. Records the value's Place.
    std::optional<Scalar> scalar(std::string_view expected, bool secret = false) const;
    std::optional<std::int64_t> integer(std::int64_t least, std::int64_t most) const;
    // ", not 'x'", or nothing where x must not be shown.
    static std::string but_is(const Scalar& scalar);

    ReadContext* context_;
    const Node* node_;
    std::string path_;
};

}  // namespace forebay::config
