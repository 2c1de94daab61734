#include "app/tokenize_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"

namespace forebay::app {
namespace {

using tokenizer::Offset;
using tokenizer::TokenId;
using tokenizer::Tokenizer;

constexpr const char* colours_of_neighbours[] = {"\x1b[48;5;24m", "\x1b[48;5;53m"};
constexpr const char* no_colour = "\x1b[0m";

double share(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string comparison_row(std::string_view name, std::size_t bytes, std::size_t left, std::size_t right) {
    return fmt::format("{:>10} {:>8.3f}  {:>10} {:>8.3f}  {:>7.3f}  {}\n", left, share(bytes, left), right,
                       share(bytes, right), share(left, right), name);
}

// Tokens with where they end; those of no text are dropped.
struct Placed {
    std::vector<TokenId> tokens;
    std::vector<std::size_t> ends;
};

Result<Placed> place(const Tokenizer& tokenizer, std::string_view text, tokenizer::Specials specials) {
    std::vector<TokenId> tokens;
    FOREBAY_TRY(const auto offsets, tokenizer.append_with_offsets(tokens, text, {.specials = specials}));
    Placed out;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (offsets[i].end == offsets[i].begin) continue;
        out.tokens.push_back(tokens[i]);
        out.ends.push_back(offsets[i].end);
    }
    return out;
}

}  // namespace

std::string escaped(std::string_view bytes) {
    std::string out;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = utf8::sequence_size(bytes.substr(at));
        const char c = bytes[at];
        const auto code = static_cast<unsigned char>(c);
        // U+0080 to U+009F steer terminals too.
        const bool steers = size == 2 && code == 0xC2 && static_cast<unsigned char>(bytes[at + 1]) < 0xA0;
        if (c == '\n') out += "\\n";
        else if (c == '\r') out += "\\r";
        else if (c == '\t') out += "\\t";
        else if (c == '"' || c == '\\') out += fmt::format("\\{}", c);
        else if (size == 0 || code < 0x20 || code == 0x7F) out += fmt::format("\\x{:02X}", code);
        else if (steers) out += fmt::format("\\xC2\\x{:02X}", static_cast<unsigned char>(bytes[at + 1]));
        else out += bytes.substr(at, size);
        at += std::max<std::size_t>(size, 1);
    }
    return out;
}

std::string piece_lines(const Tokenizer& tokenizer, std::span<const TokenId> tokens, bool colours) {
    std::string out;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const std::string text = escaped(tokenizer.bytes_of(tokens[i]));
        if (colours)
            out += fmt::format("{:>8}  \"{}{}{}\"\n", tokens[i], colours_of_neighbours[i % 2], text, no_colour);
        else out += fmt::format("{:>8}  \"{}\"\n", tokens[i], text);
    }
    return out;
}

Result<std::vector<Difference>> differences_of(const Tokenizer& left, const Tokenizer& right, std::string_view text,
                                               tokenizer::Specials specials) {
    FOREBAY_TRY(const Placed a, place(left, text, specials));
    FOREBAY_TRY(const Placed b, place(right, text, specials));
    std::vector<Difference> out;
    Difference current;
    std::size_t i = 0, j = 0;
    // Takes the token that ends first until both end at the same place, which closes a stretch.
    while (i < a.tokens.size() && j < b.tokens.size()) {
        const std::size_t left_end = a.ends[i], right_end = b.ends[j];
        if (left_end <= right_end) current.left.push_back(a.tokens[i++]);
        if (right_end <= left_end) current.right.push_back(b.tokens[j++]);
        if (left_end != right_end) continue;
        current.end = left_end;
        if (current.left.size() > 1 || current.right.size() > 1) out.push_back(std::move(current));
        current = {.begin = left_end, .end = left_end, .left = {}, .right = {}};
    }
    return out;
}

std::string comparison_table(std::string_view left, std::string_view right, const std::vector<InputCount>& counts) {
    std::string out = fmt::format("A: {}\nB: {}\n{:>10} {:>8}  {:>10} {:>8}  {:>7}\n", left, right, "A tokens",
                                  "bytes/A", "B tokens", "bytes/B", "A/B");
    InputCount total;
    for (const InputCount& count : counts) {
        out += comparison_row(count.file, count.bytes, count.left, count.right);
        total.bytes += count.bytes;
        total.left += count.left;
        total.right += count.right;
    }
    if (counts.size() > 1) out += comparison_row("total", total.bytes, total.left, total.right);
    return out;
}

std::string to_json(std::string_view left, std::string_view right, const InputCount& count) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("file", count.file);
    object.field("bytes", count.bytes);
    for (const auto& [key, name, tokens] : {std::tuple{"a", left, count.left}, std::tuple{"b", right, count.right}}) {
        object.key(key);
        json::ObjectWriter side(out);
        side.field("tokenizer", name);
        side.field("tokens", tokens);
        side.field("bytes_per_token", share(count.bytes, tokens));
        side.close();
    }
    object.field("ratio", share(count.left, count.right));
    object.close();
    return out;
}

}  // namespace forebay::app
