#include "net/headers.h"

#include <algorithm>

namespace forebay::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool lists_token(std::string_view field, std::string_view token) {
    while (!field.empty()) {
        const auto comma = std::min(field.find(','), field.size());
        if (equal_ignoring_case(trimmed(field.substr(0, comma)), token)) return true;
        field.remove_prefix(std::min(comma + 1, field.size()));
    }
    return false;
}

Headers::Span Headers::keep(std::string_view text) {
    const Span span{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
    text_ += text;
    return span;
}

void Headers::add(std::string_view name, std::string_view value) {
    const Span kept_name = keep(name);
    fields_.push_back({kept_name, keep(value)});
}

void Headers::set(std::string_view name, std::string_view value) {
    std::erase_if(fields_, [&](const Field& field) { return equal_ignoring_case(view(field.name), name); });
    add(name, value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const Field& field : fields_) {
        if (equal_ignoring_case(view(field.name), name)) return view(field.value);
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        fields_, [&](const Field& field) { return equal_ignoring_case(view(field.name), name); }));
}

void Headers::clear() {
    text_.clear();
    fields_.clear();
}

}  // namespace forebay::net
