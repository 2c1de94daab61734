// Rules about separators alone: Poro and Viking, lines (Gemma 4), white space, SuperBPE.
#include <cstring>

#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

//  ?[^(\s|.,!?…。，、।۔،)]+ and, for Viking, \p{N} in what that gives. What stands between is a piece too.
template <bool NumbersApart>
struct PoroScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;
    static constexpr CodePoints separators[] = {{'(', ')'},     {'|', '|'},       {'.', '.'},       {',', ','},
                                                {'!', '!'},     {'?', '?'},       {0x60C, 0x60C},   {0x6D4, 0x6D4},
                                                {0x964, 0x964}, {0x2026, 0x2026}, {0x3001, 0x3002}, {0xFF0C, 0xFF0C}};

    static Kind kind_of(char32_t character, CharacterBits bits) {
        if (is_in(separators, character) || (bits & is::white_space) != 0) return kind::extra;
        return NumbersApart && (bits & is::number) != 0 ? kind::number : kind::other;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        if (first.is(kind::number)) return at + first.size;
        if (first.is(kind::other)) return reader.run_end(at, kind::other);
        if (starts_word(reader, at)) return reader.run_end(at + 1, kind::other);
        while (reader.at(at).is(kind::extra) && !starts_word(reader, at)) at += reader.at(at).size;
        return at;
    }

    static bool starts_word(const Reader& reader, std::size_t at) {
        return reader.byte(at) == ' ' && reader.at(at + 1).is(kind::other | kind::number);
    }
};

// [^\n]+|[\n]+
struct LinesScanner {
    static constexpr bool words_start_at_spaces = false;
    static constexpr Kind looks_through = 0;

    static Kind kind_of(char32_t character, CharacterBits) { return character == '\n' ? kind::newline : kind::other; }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        if (reader.byte(at) == '\n') return reader.run_end(at, kind::newline);
        const void* newline = std::memchr(reader.bytes() + at, '\n', reader.size() - at);
        if (newline == nullptr) return reader.size();
        return static_cast<std::size_t>(static_cast<const unsigned char*>(newline) - reader.bytes());
    }
};

// \S+, and the white space between.
struct WhitespaceScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;

    static Kind kind_of(char32_t, CharacterBits bits) {
        return (bits & is::white_space) != 0 ? kind::blank : kind::other;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        return reader.run_end(at, reader.at(at).is(kind::blank) ? kind::blank : kind::other);
    }
};

// \p{N}+, then (?=(\d{3})+(?!\d)) in what that gives: numbers are cut before each three digits, counted from the right,
// where a character that is a number and not a digit stands at the right end too. What stands between numbers is one
// piece.
struct SuperBpeScanner {
    static constexpr bool words_start_at_spaces = false;
    static constexpr Kind looks_through = kind::number;

    static Kind kind_of(char32_t, CharacterBits bits) { return (bits & is::number) != 0 ? kind::number : kind::other; }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        if (!reader.at(at).is(kind::number)) return reader.run_end(at, kind::other);
        std::size_t end = at;
        // A piece in a number starts before whole groups, if at a digit.
        if (is_digit(reader, at) && reader.before(at).is(kind::number)) end += 3;
        if (end > at && is_digit(reader, end)) return end;
        for (Character next = reader.at(end); next.is(kind::number); next = reader.at(end)) {
            if (!is_digit(reader, end)) {
                end += next.size;
                continue;
            }
            std::size_t digits = 0;
            while (is_digit(reader, end + digits)) ++digits;
            const std::size_t first = end + digits % 3;
            if (digits >= 3 && first > at) return first;
            if (digits > 3) return end + 3;
            end += digits;
        }
        return end;
    }

    static bool is_digit(const Reader& reader, std::size_t at) {
        return reader.byte(at) >= '0' && reader.byte(at) <= '9';
    }
};

}  // namespace

std::unique_ptr<Splitter> make_poro(std::string_view name, Pace pace) {
    return scanning<PoroScanner<false>>(name, pace);
}

std::unique_ptr<Splitter> make_viking(std::string_view name, Pace pace) {
    return scanning<PoroScanner<true>>(name, pace);
}

std::unique_ptr<Splitter> make_lines(std::string_view name, Pace pace) { return scanning<LinesScanner>(name, pace); }

std::unique_ptr<Splitter> make_whitespace(std::string_view name, Pace pace) {
    return scanning<WhitespaceScanner>(name, pace);
}

std::unique_ptr<Splitter> make_superbpe(std::string_view name, Pace pace) {
    return scanning<SuperBpeScanner>(name, pace);
}

}  // namespace forebay::tokenizer
