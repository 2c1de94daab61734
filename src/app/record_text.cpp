#include "app/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>

#include "base/json.h"
#include "base/utf8.h"

namespace forebay::app {
namespace {

namespace bjson = boost::json;

constexpr std::string_view replacement = "\xef\xbf\xbd";

std::size_t length_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// Exactly `width` characters: padded, or cut with an ellipsis.
std::string column(const std::string& text, std::size_t width, bool right = false) {
    const std::size_t length = length_of(text);
    if (length <= width) {
        const std::string padding(width - length, ' ');
        return right ? padding + text : text + padding;
    }
    std::size_t end = 0;
    for (std::size_t characters = 0; characters + 1 < width; ++characters)
        end += std::max<std::size_t>(utf8::sequence_size(std::string_view(text).substr(end)), 1);
    return text.substr(0, end) + "…";
}

std::string scalar(const bjson::value& value) {
    if (const auto* text = value.if_string()) return std::string(std::string_view(*text));
    if (const auto* number = value.if_double()) return fmt::format("{}", *number);
    return bjson::serialize(value);
}

bjson::value parse(std::string_view payload) {
    boost::system::error_code error;
    auto value = bjson::parse(bjson::string_view(payload), error);
    return error ? bjson::value() : value;
}

// The field at "/usage/prompt_tokens", or "-".
std::string field(const bjson::value& record, const char* pointer) {
    boost::system::error_code error;
    const auto* found = record.find_pointer(pointer, error);
    if (!found || found->is_structured() || found->is_null()) return "-";
    return printable(scalar(*found));
}

std::string millis(const bjson::value& record) {
    boost::system::error_code error;
    const auto* found = record.find_pointer("/timing/total_ms", error);
    if (!found || !found->is_number()) return "-";
    return fmt::format("{:.1f}", found->to_number<double>());
}

// "2026-11-21 22:09:01.123" of "2026-11-21T22:09:01.123456Z".
std::string moment(const bjson::value& record) {
    std::string time = field(record, "/time");
    if (time.size() > 10 && time[10] == 'T') time[10] = ' ';
    return time.size() > 23 ? time.substr(0, 23) : time;
}

std::string row(const std::string& time, const std::string& status, const std::string& outcome,
                const std::string& model, const std::string& target, const std::string& in, const std::string& out,
                const std::string& total, const std::string& key, const std::string& id) {
    return column(time, 23) + "  " + column(status, 6, true) + "  " + column(outcome, 11) + "  " + column(model, 20) +
           "  " + column(target, 20) + "  " + column(in, 7, true) + "  " + column(out, 7, true) + "  " +
           column(total, 9, true) + "  " + column(key, 14) + "  " + id;
}

class Page {
public:
    void add(const bjson::value& value, std::size_t depth) {
        if (const auto* object = value.if_object()) {
            add_object(*object, depth);
        } else if (const auto* array = value.if_array()) {
            for (std::size_t i = 0; i < array->size(); ++i) add_field(fmt::format("{}.", i + 1), (*array)[i], depth);
        }
    }

    std::string take() { return std::move(out_); }

private:
    void add_object(const bjson::object& object, std::size_t depth) {
        std::size_t width = 0;
        for (const auto& [name, value] : object) width = std::max(width, length_of(printable(name)));
        for (const auto& [name, value] : object) add_field(column(printable(name), width), value, depth);
    }

    void add_field(const std::string& name, const bjson::value& value, std::size_t depth) {
        const std::string indent(2 * depth, ' ');
        if (value.is_structured()) {
            const bool empty = value.is_object() ? value.get_object().empty() : value.get_array().empty();
            out_ += indent + name.substr(0, name.find_last_not_of(' ') + 1) + (empty ? "  (none)\n" : "\n");
            add(value, depth + 1);
            return;
        }
        const std::string text = scalar(value);
        if (text.find('\n') == std::string::npos) {
            out_ += indent + name + "  " + printable(text) + "\n";
            return;
        }
        out_ += indent + name.substr(0, name.find_last_not_of(' ') + 1) + "\n";
        for (std::size_t begin = 0; begin <= text.size();) {
            const std::size_t end = std::min(text.find('\n', begin), text.size());
            out_ += indent + "  | " + printable(text.substr(begin, end - begin)) + "\n";
            begin = end + 1;
        }
    }

    std::string out_;
};

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t size = utf8::sequence_size(text);
        const auto first = static_cast<unsigned char>(text[0]);
        const bool c0 = size == 1 && (first < 0x20 || first == 0x7f);
        const bool c1 = size == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
        out += size == 0 || c0 || c1 ? replacement : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

std::string record_row_heading() {
    return row("TIME (UTC)", "STATUS", "OUTCOME", "MODEL", "TARGET", "IN", "OUT", "MS", "KEY", "ID");
}

std::string record_row(std::string_view payload) {
    const auto record = parse(payload);
    std::string outcome = field(record, "/outcome");
    // What an answered call says of itself is why it ended.
    if (const auto reason = field(record, "/finish_reason"); outcome == "ok" && reason != "-") outcome = reason;
    return row(moment(record), field(record, "/status"), outcome, field(record, "/model"), field(record, "/target"),
               field(record, "/usage/prompt_tokens"), field(record, "/usage/completion_tokens"), millis(record),
               field(record, "/key/name"), field(record, "/id"));
}

std::string record_page(std::string_view payload) {
    const auto record = parse(payload);
    if (!record.is_object()) return printable(payload) + "\n";
    Page page;
    page.add(record, 0);
    return page.take();
}

bool record_has_id(std::string_view payload, std::string_view id) {
    // Most records are ruled out without being parsed.
    if (payload.find(json::quote(id)) == std::string_view::npos) return false;
    const auto record = parse(payload);
    const auto* object = record.if_object();
    const auto* found = object ? object->if_contains("id") : nullptr;
    return found && found->is_string() && std::string_view(found->get_string()) == id;
}

}  // namespace forebay::app
