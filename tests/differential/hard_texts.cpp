#include "hard_texts.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <ranges>

#include "base/utf8.h"

namespace forebay::differential {
namespace {

constexpr std::array<std::string_view, 10> lattice = {" ", "\n", "\r", "\t", "a", "B", "7", "'s", ".", "\u00A0"};

// Between spaces.
constexpr std::string_view spellings =
    "a b A Z the Hello HELLO helloWorld XMLHttp don't I'LL 's 'S 't 're 'RE 've 'm 'll 'lL 'd ' '' 0 1 12 123 1234 "
    "12345678 3.14 1,000 0x1F _ __ ___ . ... ! ? !? / // /// \\ - -- = ==== # ## ( ) () { } }; \" ` ~ < > | @ $ % ^ & "
    "* + ; : if(x!=y){ -> <| |> <|im_ _start|> <s> </s> <unk> <0x0A> [CLS] <|endoftext|> \x01 \x1B[0m \x7F "
    "\xE2\x96\x81 \xE2\x96\x81\xE2\x96\x81 \xC4\xA0 \xE2\x80\x99s";
constexpr std::string_view spaced[] = {" ",    "  ", "   ", "\n", "\n\n", "\r",
                                       "\r\n", "\t", "\v",  "\f", " the", "\n    x"};

// Latin letters that fold to others or have odd classes, marks of all kinds, digits and letters of many scripts, spaces
// that are none and separators that are, format characters, private and unassigned ones.
constexpr std::u32string_view odd_characters =
    U"\u017F\u212A\u00DF\u0130\u0131\u01C5\u02B0\u00AA\u00E9\u00C9\u0301\u0308\u0327\u0488\u20DD\u093F"
    U"\u064B\u0E31\u0661\u06F3\u096A\u0E51\uFF11\u00B2\u00BD\u2167\u2460\u3007\u4E00\u6C34\u9F98\u3042"
    U"\u30A2\uFF71\u30FC\uD55C\u3131\u0430\u0416\u0451\u03B1\u03A3\u03C2\u05D0\u05B0\u0627\u0644\u0915"
    U"\u094D\u0E01\u0E40\u0F40\u10A0\u10D0\u13A0\uAB70\u1C80\u0085\u00A0\u1680\u180E\u2000\u2003\u200A"
    U"\u200B\u200C\u200D\u2028\u2029\u202F\u205F\u3000\uFEFF\u00AD\u2060\uFE0F\u20E3\u3002\u3001\uFF01"
    U"\uFF0C\u300C\u2014\u2026\u201C\u2019\u00A9\u2122\u20AC\u2211\u00B7\u00A8\u005E\u02C6\u0378\uE000"
    U"\uFFFD\uFFFF\U00010400\U00010428\U0001D7D9\U0001D49C\U00020BB7\U0001F600\U0001F469\U0001F3FD"
    U"\U0001F1E9\U0001F1EA\U000E0020\U000F0000\U0010FFFF";

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The next place at or behind `at` where a character begins.
std::size_t character_at(std::string_view text, std::size_t at) {
    while (at < text.size() && continues_character(text[at])) ++at;
    return at;
}

char32_t random_character(Random& random) {
    static constexpr std::array<std::size_t, 9> limits = {0x80,    0x80,    0x250,   0x800,   0x3000,
                                                          0x10000, 0x20000, 0x30000, 0x110000};
    const auto character = static_cast<char32_t>(below(random, limits[below(random, limits.size())]));
    return character >= 0xD800 && character < 0xE000 ? U'\uFFFD' : character;
}

const std::string& one_of(Random& random, const std::vector<std::string>& list) {
    return list[below(random, list.size())];
}

// Of the large blocks whose characters have the same properties, or none.
bool is_one_of_many(char32_t character) {
    return (character >= 0x3400 && character < 0xA000) || (character >= 0xAC00 && character < 0xD7A4) ||
           (character >= 0xE000 && character < 0xF900) || (character >= 0x20000 && character < 0xE0000) ||
           character >= 0xE0200;
}

void swap_case(std::string& text, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
        const bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
        if (letter) text[i] = static_cast<char>(text[i] ^ 0x20);
    }
}

}  // namespace

std::string_view some_part(Random& random, std::string_view text, std::size_t bytes_max) {
    const std::size_t from = character_at(text, below(random, text.size() + 1));
    const std::size_t to = character_at(text, std::min(text.size(), from + below(random, bytes_max + 1)));
    return text.substr(from, to - from);
}

const std::vector<std::string>& hard_parts() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> parts(std::begin(spaced), std::end(spaced));
        for (const auto part : std::views::split(spellings, ' ')) parts.emplace_back(std::string_view(part));
        parts.emplace_back(1, '\0');
        for (const char32_t character : odd_characters) utf8::append(parts.emplace_back(), character);
        return parts;
    }();
    return all;
}

std::string hard_text(Random& random, std::size_t parts_max, const std::vector<std::string>& more) {
    std::string out;
    for (std::size_t parts = 1 + below(random, parts_max); parts > 0; --parts) {
        const std::size_t kind = below(random, 12);
        if (kind == 0) {
            const std::string& part = one_of(random, hard_parts());
            for (std::size_t times = 2 + below(random, 14); times > 0; --times) out += part;
        } else if (kind == 1) {
            utf8::append(out, random_character(random));
        } else if (kind == 2 && !more.empty()) {
            const std::string& part = one_of(random, more);
            // Sometimes all but the end, so that it is none.
            out.append(part, 0,
                       below(random, 3) == 0 ? character_at(part, below(random, part.size() + 1)) : part.size());
        } else if (kind == 3) {
            for (std::size_t letters = 1 + below(random, 20); letters > 0; --letters) {
                out += static_cast<char>('a' + below(random, 26));
            }
        } else {
            out += one_of(random, hard_parts());
        }
    }
    return out;
}

std::string mutated(Random& random, std::string_view text, const std::vector<std::string>& more) {
    std::string out(text);
    for (std::size_t changes = 1 + below(random, 6); changes > 0; --changes) {
        const std::size_t from = character_at(out, below(random, out.size() + 1));
        const std::size_t to = character_at(out, std::min(out.size(), from + below(random, 12)));
        switch (below(random, 5)) {
            case 0: out.erase(from, to - from); break;
            case 1: out.insert(from, std::string(some_part(random, out, 40))); break;
            case 2: swap_case(out, from, to); break;
            case 3: out.replace(from, to - from, hard_text(random, 3, more)); break;
            default: out.insert(from, hard_text(random, 2, more));
        }
    }
    return out;
}

std::string random_bytes(Random& random, std::size_t size) {
    std::string out;
    if (below(random, 3) != 0) {
        while (out.size() < size) out += hard_text(random, 8, {});
        out.resize(size);
    } else {
        out.assign(size, '\0');
    }
    const std::size_t one_in = out.find_first_not_of('\0') == std::string::npos ? 1 : 1 + below(random, 30);
    for (char& byte : out) {
        if (below(random, one_in) == 0) byte = static_cast<char>(random());
    }
    return out;
}

std::size_t lattice_size(std::size_t length) {
    std::size_t size = 1;
    for (; length > 0; --length) size *= lattice.size();
    return size;
}

std::string lattice_text(std::size_t length, std::size_t index) {
    std::string out;
    for (; length > 0; --length) {
        out += lattice[index % lattice.size()];
        index /= lattice.size();
    }
    return out;
}

std::vector<std::string> code_point_texts(std::size_t step, std::size_t count) {
    std::vector<std::string> texts;
    std::size_t seen = 0;
    std::size_t in_last = count;
    for (char32_t character = 0; character < 0x110000; ++character) {
        if (character >= 0xD800 && character < 0xE000) continue;
        const std::size_t stride = is_one_of_many(character) ? step * 64 : step;
        if (stride > 0 && seen++ % stride != 0) continue;
        if (in_last == count) {
            texts.emplace_back();
            in_last = 0;
        }
        std::string& text = texts.back();
        // Which neighbours it joins is its class. It shows even where no token holds the character, in the tokens of
        // what stands behind it: an apostrophe parted from its contraction, digits counted from another one on.
        for (const std::string_view before : {"a", "'m ", "12345 !", "'ll\n", "x1", "234/ \n"}) {
            text += before;
            utf8::append(text, character);
        }
        ++in_last;
    }
    return texts;
}

std::vector<std::string_view> documents_of(std::string_view text, std::size_t bytes) {
    std::vector<std::string_view> documents;
    while (!text.empty()) {
        std::size_t end = std::min(bytes, text.size());
        while (end < text.size() && end > 1 && continues_character(text[end])) --end;
        documents.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return documents;
}

}  // namespace forebay::differential
