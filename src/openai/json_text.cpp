#include "openai/json_text.h"

namespace forebay::openai {
namespace {

constexpr std::size_t digits_of_64_bits = 19;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The text with ".0" behind each integer that 64 bits may not hold, which makes it a double.
std::string with_long_integers_as_doubles(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '"') {
            const std::size_t begin = at++;
            while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
            at = std::min(at + 1, text.size());
            out += text.substr(begin, at - begin);
        } else if (is_digit(text[at])) {
            const std::size_t begin = at;
            while (at < text.size() && is_digit(text[at])) ++at;
            const bool integer = at == text.size() || (text[at] != '.' && text[at] != 'e' && text[at] != 'E');
            const bool whole_part = begin == 0 || (text[begin - 1] != '.' && text[begin - 1] != 'e' &&
                                                   text[begin - 1] != 'E' && text[begin - 1] != '+');
            const bool exponent =
                begin >= 2 && text[begin - 1] == '-' && (text[begin - 2] == 'e' || text[begin - 2] == 'E');
            out += text.substr(begin, at - begin);
            if (integer && whole_part && !exponent && at - begin >= digits_of_64_bits) out += ".0";
        } else {
            out.push_back(text[at++]);
        }
    }
    return out;
}

}  // namespace

simdjson::simdjson_result<simdjson::dom::element> parse_json(simdjson::dom::parser& parser, std::string_view text) {
    auto parsed = parser.parse(text.data(), text.size());
    if (parsed.error() != simdjson::NUMBER_ERROR) return parsed;
    const std::string rewritten = with_long_integers_as_doubles(text);
    return parser.parse(rewritten.data(), rewritten.size());
}

}  // namespace forebay::openai
