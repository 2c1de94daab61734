#include "openai/body_edit.h"

#include <algorithm>

namespace forebay::openai {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Walks the fields of one object. Keys are compared as they are written: OpenAI's field names have no
// character that a client would escape.
class Fields {
public:
    explicit Fields(std::string_view text) : text_(text) {
        skip_blanks();
        if (at_ < text_.size()) ++at_;  // '{'
    }

    struct Field {
        std::size_t begin, end;  // from the key's quote to the end of the value
        std::string_view key, value;
    };
    std::optional<Field> next() {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == ',') ++at_;
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
        Field field{at_, 0, {}, {}};
        skip_string();
        field.key = text_.substr(field.begin + 1, at_ - field.begin - 2);
        skip_blanks();
        if (at_ < text_.size()) ++at_;  // ':'
        skip_blanks();
        const std::size_t value = at_;
        skip_value();
        field.value = text_.substr(value, at_ - value);
        field.end = at_;
        return field;
    }
    // Where the closing brace is, once next() has given nothing.
    std::size_t closing() const { return std::min(at_, text_.size()); }

private:
    void skip_blanks() {
        while (at_ < text_.size() && blank(text_[at_])) ++at_;
    }
    void skip_string() {
        ++at_;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        at_ = std::min(at_ + 1, text_.size());
    }
    void skip_value() {
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                skip_string();
            } else if (c == '{' || c == '[') {
                ++depth;
                ++at_;
            } else if (c == '}' || c == ']') {
                if (depth == 0) return;
                --depth;
                ++at_;
            } else if ((c == ',' || blank(c)) && depth == 0) {
                return;
            } else {
                ++at_;
                continue;  // a number or a word goes on until one of the above
            }
            if (depth == 0) return;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string edit_object(std::string_view body, const std::vector<Edit>& edits) {
    std::string out;
    out.reserve(body.size() + 64);
    std::vector<bool> made(edits.size(), false);
    Fields fields(body);
    std::size_t copied = 0;
    bool any_left = false;  // a field stands before the place we are at
    while (const auto field = fields.next()) {
        const auto edit = std::ranges::find(edits, field->key, &Edit::key);
        if (edit == edits.end()) {
            any_left = true;
            continue;
        }
        made[static_cast<std::size_t>(edit - edits.begin())] = true;
        if (edit->value) {
            const auto value = static_cast<std::size_t>(field->value.data() - body.data());
            out.append(body.substr(copied, value - copied)).append(*edit->value);
            copied = field->end;
            any_left = true;
            continue;
        }
        out.append(body.substr(copied, field->begin - copied));
        copied = field->end;
        if (any_left) {  // the comma before goes too
            out.erase(std::min(out.find_last_of(','), out.size()));
        } else {  // the first field: the comma after goes
            const auto comma = body.find_first_not_of(" \t\r\n", copied);
            if (comma != std::string_view::npos && body[comma] == ',') copied = comma + 1;
        }
    }
    out.append(body.substr(copied, fields.closing() - copied));
    for (std::size_t i = 0; i < edits.size(); ++i) {
        if (made[i] || !edits[i].value) continue;
        if (any_left) out.push_back(',');
        any_left = true;
        out.append("\"").append(edits[i].key).append("\":").append(*edits[i].value);
    }
    out.append(body.substr(fields.closing()));
    return out;
}

std::optional<std::string_view> field_text(std::string_view body, std::string_view key) {
    Fields fields(body);
    while (const auto field = fields.next()) {
        if (field->key == key) return field->value;
    }
    return std::nullopt;
}

}  // namespace forebay::openai
