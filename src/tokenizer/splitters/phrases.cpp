// Two relatives of cl100k's rule with words of their own: Kimi K2, where Han characters stand apart, and EXAONE MoE,
// where words go on over single spaces.
#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

// llama.cpp's unicode_cpt_is_han(), which is less than \p{Han}.
constexpr CodePoints han[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                              {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                              {0x2B820, 0x2CEAF}, {0x2CEB0, 0x2EBEF}, {0x2F800, 0x2FA1F}};

// llama.cpp's own reading of Kimi K2's rule, where words have no marks and capitals do not matter:
//   \p{Han}+|[^\r\n\p{L}\p{N}]?\p{L}+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
//   \s+(?!\S)|\s+
// with \p{L} for letters that are not Han.
struct KimiScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        if (!is_in(han, character)) return usual_kind(character, bits);
        // An unassigned one also goes on what stands before it.
        return (bits & is::letter) != 0 ? kind::extra : kind::extra | kind::other;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        if (first.is(kind::extra)) return reader.run_end(at, kind::extra);
        if (first.is(kind::letter)) return word_end(reader, at);
        if (first.is(kind::number)) return number_end<3>(reader, at);
        if (!first.is(kind::newline)) {
            const std::size_t body = at + first.size;
            const Character second = reader.at(body);
            if (second.is(kind::letter)) return word_end(reader, body);
            if (first.is(kind::other) || (reader.byte(at) == ' ' && second.is(kind::other))) {
                return reader.run_end(reader.run_end(body, kind::other), kind::newline);
            }
        }
        return lines_or_spaces_end(reader, at);
    }

    static std::size_t word_end(const Reader& reader, std::size_t at) {
        at = reader.run_end(at, kind::letter);
        return reader.byte(at) == '\'' ? at + contraction_size<Contractions::ascii>(reader, at) : at;
    }
};

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|
// \s*[\r\n]|\s+(?!\S)|\s+
struct ExaoneMoeScanner {
    static constexpr bool words_start_at_spaces = false;
    static constexpr Kind looks_through = 0;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        return (bits & is::mark) != 0 ? kind::extra | kind::other : usual_kind(character, bits);
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        if (reader.byte(at) == '\'') {
            if (const std::size_t size = contraction_size<Contractions::ascii>(reader, at); size > 0) return at + size;
        }
        const Character first = reader.at(at);
        if (first.is(kind::letter)) return phrase_end(reader, at);
        if (first.is(kind::number)) return at + first.size;
        if (!first.is(kind::newline)) {
            const std::size_t body = at + first.size;
            const Character second = reader.at(body);
            if (second.is(kind::letter)) return phrase_end(reader, body);
            if (first.is(kind::other) || (reader.byte(at) == ' ' && second.is(kind::other))) {
                const std::size_t end = reader.run_end(body, kind::other);
                return reader.at(end).is(kind::newline) ? end + 1 : end;
            }
        }
        return lines_or_spaces_end(reader, at);
    }

    // `at` is at a letter.
    static std::size_t phrase_end(const Reader& reader, std::size_t at) {
        for (;;) {
            at = reader.run_end(at, kind::letter | kind::extra);
            if (reader.byte(at) != ' ' || !reader.at(at + 1).is(kind::letter)) return at;
            ++at;
        }
    }
};

}  // namespace

std::unique_ptr<Splitter> make_kimi_k2(std::string_view name, Pace pace) { return scanning<KimiScanner>(name, pace); }

std::unique_ptr<Splitter> make_exaone_moe(std::string_view name, Pace pace) {
    return scanning<ExaoneMoeScanner>(name, pace);
}

}  // namespace forebay::tokenizer
