#include "config/yaml_cursor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "config/addresses.h"
#include "config/quantities.h"
#include "config/references.h"
#include "config/suggest.h"

namespace forebay::config {
namespace {

constexpr std::size_t text_bytes_max = 16 * 1024;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

void Cursor::add_problem(std::string_view message) const {
    context_->problems.add(node_->at, fmt::format("{} {}", path_, message));
}

std::string Cursor::but_is(const Scalar& scalar) {
    if (scalar.referenced) return "";
    return fmt::format(", not {}{}", scalar.quoted ? "the text " : "", shown(scalar.text));
}

std::optional<Cursor::Scalar> Cursor::scalar(std::string_view expected, bool secret) const {
    if (node_->kind != NodeKind::scalar) {
        const std::string_view found = node_->kind == NodeKind::null       ? "has no value"
                                       : node_->kind == NodeKind::sequence ? "is a list"
                                                                           : "is a mapping";
        add_problem(fmt::format("{}: it must be {}", found, expected));
        return std::nullopt;
    }
    auto resolved = resolve_references(node_->text, context_->folder, context_->sources, secret);
    context_->places[path_] = Place{node_->at, resolved.referenced};
    for (const auto& fault : resolved.faults) add_problem(fmt::format("is not usable: {}", fault));
    if (!resolved.faults.empty()) return std::nullopt;
    if (resolved.text.size() > text_bytes_max) {
        add_problem(fmt::format("is longer than {} bytes", text_bytes_max));
        return std::nullopt;
    }
    // A line break in a key or a path would end up in a header or a log line.
    if (std::ranges::any_of(resolved.text, is_control)) {
        add_problem("holds a line break or another control character: it must be one line of text");
        return std::nullopt;
    }
    return Scalar{std::move(resolved.text), node_->quoted, resolved.referenced};
}

std::optional<std::int64_t> Cursor::integer(std::int64_t least, std::int64_t most) const {
    const auto expected = fmt::format("a whole number from {} to {}", least, most);
    const auto found = scalar(expected);
    if (!found) return std::nullopt;
    const std::string& text = found->text;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    const bool plain = !found->quoted || found->referenced;
    if (whole && plain && value >= least && value <= most) return value;
    add_problem(fmt::format("must be {}{}", expected, but_is(*found)));
    return std::nullopt;
}

void Cursor::read_size(std::uint64_t& out, std::uint64_t least, std::uint64_t most) const {
    const auto found = scalar("a size such as 64MiB");
    if (!found) return;
    const auto value = parse_size(found->text);
    if (!value) {
        add_problem(value.error().message + but_is(*found));
    } else if (*value < least || *value > most) {
        add_problem(fmt::format("must be from {} to {}{}", format_size(least), format_size(most), but_is(*found)));
    } else {
        out = *value;
    }
}

void Cursor::read_duration(std::chrono::milliseconds& out, std::chrono::milliseconds least,
                           std::chrono::milliseconds most) const {
    const auto found = scalar("a duration such as 30s");
    if (!found) return;
    const auto value = parse_duration(found->text);
    if (!value) {
        // The hint repeats a bare number, which a reference must not show.
        const bool bare = std::ranges::all_of(found->text, [](char c) { return c >= '0' && c <= '9'; });
        add_problem(found->referenced && bare ? "has no unit: write ms, s, m or h after the number"
                                              : value.error().message + (bare ? "" : but_is(*found)));
    } else if (*value < least || *value > most) {
        add_problem(
            fmt::format("must be from {} to {}{}", format_duration(least), format_duration(most), but_is(*found)));
    } else {
        out = *value;
    }
}

void Cursor::read_boolean(bool& out) const {
    const auto found = scalar("true or false");
    if (!found) return;
    const bool plain = !found->quoted || found->referenced;
    if (plain && (found->text == "true" || found->text == "false")) {
        out = found->text == "true";
    } else {
        add_problem(fmt::format("must be true or false{}", but_is(*found)));
    }
}

std::optional<std::size_t> Cursor::choice(const std::vector<std::string>& words) const {
    const auto expected = words.size() == 1 ? words.front() : fmt::format("one of {}", fmt::join(words, ", "));
    const auto found = scalar(expected);
    if (!found) return std::nullopt;
    const auto word = std::ranges::find(words, found->text);
    if (word != words.end()) return static_cast<std::size_t>(word - words.begin());
    const auto hint = found->referenced ? "" : did_you_mean(found->text, words);
    add_problem(fmt::format("must be {}{}{}", expected, but_is(*found), hint));
    return std::nullopt;
}

void Cursor::read_listen(ListenAddress& out) const {
    const auto found = scalar("host:port");
    if (!found) return;
    auto address = parse_listen(found->text);
    if (!address) return add_problem(address.error().message);
    out = *std::move(address);
}

void Cursor::read_text(std::string& out, bool may_be_empty) const {
    auto found = scalar("text");
    if (!found) return;
    if (found->text.empty() && !may_be_empty) return add_problem("must not be empty");
    out = std::move(found->text);
}

void Cursor::read_name_or_path(std::string& out) const {
    read_text(out, true);
    const bool path =
        out.contains('/') || out.ends_with(".gguf") || out.ends_with(".json") || out.ends_with(".tiktoken");
    if (path) out = (context_->folder / out).lexically_normal().string();
}

void Cursor::read_path(std::string& out, bool may_be_empty) const {
    read_text(out, may_be_empty);
    if (!out.empty()) out = (context_->folder / out).lexically_normal().string();
}

void Cursor::read_url(std::string& out, bool may_be_empty) const {
    std::string text;
    const auto found = scalar("a URL");
    if (!found || (found->text.empty() && may_be_empty)) return;
    auto url = parse_base_url(found->text);
    if (!url) return add_problem(url.error().message);
    out = *std::move(url);
}

void Cursor::read_secret(Secret& out) const {
    auto found = scalar("text or a reference such as ${env:NAME}", true);
    if (found) out = Secret(std::move(found->text));
}

}  // namespace forebay::config
