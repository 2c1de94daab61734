#include "base/json.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace forebay::json {
namespace {

void append_escaped(std::string& out, unsigned char byte) {
    static constexpr std::string_view digits = "0123456789abcdef";
    switch (byte) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default:
            out += "\\u00";
            out.push_back(digits[byte >> 4]);
            out.push_back(digits[byte & 15]);
    }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t plain = 0;  // where the run that needs no change began
    std::size_t at = 0;
    while (at < text.size()) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
            ++at;
            continue;
        }
        if (byte >= 0x80) {
            const std::size_t length = utf8::sequence_size(text.substr(at));
            if (length > 0) {
                at += length;
                continue;
            }
            out.append(text.substr(plain, at - plain));
            out += "\xEF\xBF\xBD";
        } else {
            out.append(text.substr(plain, at - plain));
            append_escaped(out, byte);
        }
        plain = ++at;
    }
    out.append(text.substr(plain));
    out.push_back('"');
}

std::string quote(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_string(out, text);
    return out;
}

void ObjectWriter::key(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    out_.push_back('"');
    out_ += name;
    out_ += "\":";
}

void ObjectWriter::field(std::string_view name, double value) {
    key(name);
    if (!std::isfinite(value)) {
        out_ += "null";
        return;
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
}

}  // namespace forebay::json
