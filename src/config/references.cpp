#include "config/references.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/problem_list.h"

namespace forebay::config {
namespace {

constexpr std::string_view env_prefix = "env:";
constexpr std::string_view file_prefix = "file:";

bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && name.size() <= 255 && letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

void add_variable(std::string_view name, const Sources& sources, Resolved& out) {
    const auto value = sources.environment(std::string(name));
    if (!value) {
        out.faults.push_back(fmt::format(
            "environment variable {} is not set: set it before starting forebay (export {}=…)", name, name));
        return;
    }
    out.text += *value;
}

void add_file(std::string_view path, const std::filesystem::path& folder, const Sources& sources, Resolved& out) {
    const auto whole = (folder / path).lexically_normal().string();
    auto content = sources.read_file(whole);
    if (!content) {
        out.faults.push_back(fmt::format("file {} cannot be read: {}", shown(whole), content.error().message));
        return;
    }
    if (content->ends_with('\n')) content->pop_back();
    if (content->ends_with('\r')) content->pop_back();
    out.text += *content;
}

void add_reference(std::string_view inside, const std::filesystem::path& folder, const Sources& sources, bool secret,
                   Resolved& out) {
    out.referenced = true;
    if (inside.starts_with(env_prefix) && is_variable_name(inside.substr(env_prefix.size()))) {
        return add_variable(inside.substr(env_prefix.size()), sources, out);
    }
    if (inside.starts_with(file_prefix) && inside.size() > file_prefix.size()) {
        return add_file(inside.substr(file_prefix.size()), folder, sources, out);
    }
    const std::string what = secret ? "a reference here" : shown(fmt::format("${{{}}}", inside));
    out.faults.push_back(fmt::format(
        "{} is not understood: write ${{env:NAME}} or ${{file:PATH}}, or '$${{' for a literal '${{'", what));
}

}  // namespace

Resolved resolve_references(std::string_view text, const std::filesystem::path& folder, const Sources& sources,
                            bool secret) {
    Resolved out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto rest = text.substr(at);
        if (rest.starts_with("$${")) {
            out.text += "${";
            at += 3;
        } else if (rest.starts_with("${")) {
            const auto end = rest.find('}');
            if (end == std::string_view::npos) {
                out.faults.emplace_back("a reference has no closing '}'; write '$${' for a literal '${'");
                return out;
            }
            add_reference(rest.substr(2, end - 2), folder, sources, secret, out);
            at += end + 1;
        } else {
            out.text.push_back(text[at]);
            ++at;
        }
    }
    return out;
}

std::string escape_references(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text.substr(at).starts_with("${")) out.push_back('$');
        out.push_back(text[at]);
    }
    return out;
}

}  // namespace forebay::config
