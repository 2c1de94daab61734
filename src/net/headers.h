// Header fields of a message, in order, in one block of memory.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::net {

class Headers {
public:
    void add(std::string_view name, std::string_view value);
    // Replaces every field of this name by one.
    void set(std::string_view name, std::string_view value);

    // The first field of this name (compared without case); absence is an answer.
    std::optional<std::string_view> find(std::string_view name) const;
    // How many fields have this name.
    std::size_t count(std::string_view name) const;

    std::size_t size() const { return fields_.size(); }
    std::string_view name(std::size_t index) const { return view(fields_[index].name); }
    std::string_view value(std::size_t index) const { return view(fields_[index].value); }
    void clear();

private:
    struct Span {
        std::uint32_t offset, size;
    };
    struct Field {
        Span name, value;
    };
    std::string_view view(Span span) const { return std::string_view(text_).substr(span.offset, span.size); }
    Span keep(std::string_view text);

    std::string text_;
    std::vector<Field> fields_;
};

// ASCII letters compared without case, as header names are (RFC 9110 section 5.1).
bool equal_ignoring_case(std::string_view a, std::string_view b);
// Whether a comma-separated field such as Connection lists `token`.
bool lists_token(std::string_view field, std::string_view token);

}  // namespace forebay::net
