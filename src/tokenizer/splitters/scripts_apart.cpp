// Rules that first cut runs of some scripts out: DeepSeek V3 and its relatives, AFMoE, Youtu. A run of such a script is
// split further as if it were a text of its own, and so is what stands between.
#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

enum class Numbers {
    threes,   // \p{N}{1,3}
    singles,  // \p{N}
    // In threes counted from the right. As llama.cpp has it, what stands before a number stays with its first group,
    // and the rules after that see both.
    right_groups,
};

struct ScriptsRule {
    Numbers numbers = Numbers::threes;
    bool many_scripts = false;  // AFMoE's list of scripts; else Han and kana
    bool lines = true;          // "[\r\n]*" behind punctuation and "\s*[\r\n]+"; else "[\r\n]" alone
};

// Of the rules of DeepSeek V3 and of Youtu.
constexpr CodePoints han_and_kana[] = {{0x4E00, 0x9FA5}, {0x3040, 0x30FF}};

// Of AFMoE's. llama.cpp has U+8C48 where the compatibility characters start in the model's own rule, so that one range
// there goes from Han to U+FAFF.
constexpr CodePoints many_scripts[] = {{0x3400, 0x4DBF}, {0x4E00, 0xFAFF}, {0x3040, 0x30FF},
                                       {0xFF65, 0xFF9F}, {0x2F00, 0x2FDF}, {0xE40, 0xEFF},
                                       {0x1780, 0x17FF}, {0x1000, 0x109F}, {0x1100, 0x11FF}};

// Numbers, scripts, and then
//   [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|
//   \s*[\r\n]+|\s+(?!\S)|\s+
// Characters that none of this matches make pieces together.
template <ScriptsRule rule>
struct ScriptsScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = rule.numbers == Numbers::right_groups ? kind::number : 0;
    static constexpr Kind script = kind::extra;
    static constexpr Kind unmatched = kind::extra_2;
    static constexpr bool right_groups = rule.numbers == Numbers::right_groups;
    static constexpr Kind apart = right_groups ? script : kind::number | script;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        const Kind usual = usual_kind(character, bits);
        if ((usual & kind::space) != 0) return usual;
        const bool in_script = rule.many_scripts ? is_in(many_scripts, character) : is_in(han_and_kana, character);
        Kind kinds = usual == kind::number ? kind::number : unmatched;
        if ((bits & (is::letter | is::mark)) != 0) kinds = kind::letter;
        if ((bits & (is::punctuation | is::symbol)) != 0) kinds = kind::other;
        return in_script ? kinds | script : kinds;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    // What an earlier rule has cut off is the end of the text.
    static Character follower(const Reader& reader, std::size_t at, Kind part) {
        const Character next = reader.at(at);
        const bool cut = (next.kind & script) != part || (!right_groups && next.is(kind::number));
        return cut ? Character{} : next;
    }

    static std::size_t run_end(const Reader& reader, std::size_t at, Kind kinds, Kind part) {
        for (Character next = follower(reader, at, part); next.is(kinds); next = follower(reader, at, part)) {
            at += next.size;
        }
        return at;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        if (first.is(kind::number)) return numbers_end(reader, at);
        const std::size_t body = at + first.size;
        const Kind part = first.kind & script;
        if (first.is(kind::letter)) return run_end(reader, body, kind::letter, part);
        const Character second = follower(reader, body, part);
        if (first.is(kind::other) && reader.byte(at) < 0x80 && is_ascii_letter(reader.byte(body))) {
            std::size_t end = body + 1;
            while (is_ascii_letter(reader.byte(end))) ++end;
            return end;
        }
        if (first.is(kind::blank | unmatched) && second.is(kind::letter)) {
            return run_end(reader, body, kind::letter, part);
        }
        if (first.is(kind::other) || (reader.byte(at) == ' ' && second.is(kind::other))) {
            const std::size_t end = run_end(reader, body, kind::other, part);
            return rule.lines ? run_end(reader, end, kind::newline, part) : end;
        }
        if (first.is(unmatched)) return unmatched_end(reader, body, part);
        if (!rule.lines && first.is(kind::newline)) return body;
        return rule.lines ? lines_or_spaces_end<apart>(reader, at) : spaces_end<apart>(reader, at);
    }

    static std::size_t numbers_end(const Reader& reader, std::size_t at) {
        if constexpr (right_groups) {
            const Kind part = reader.at(at).kind & script;
            const std::size_t end = right_group_end<script>(reader, at);
            while (at < end && follower(reader, at, part).size > 0) at += reader.at(at).size;
            return at;
        }
        return number_end < rule.numbers == Numbers::threes ? 3 : 1 > (reader, at);
    }

    static std::size_t unmatched_end(const Reader& reader, std::size_t at, Kind part) {
        for (Character next = follower(reader, at, part); next.is(unmatched);) {
            const Character second = follower(reader, at + next.size, part);
            if (second.is(kind::letter)) break;
            at += next.size;
            next = second;
        }
        // Numbers are not matched either; these have not been cut off.
        return follower(reader, at, part).is(kind::number) ? numbers_end(reader, at) : at;
    }

    static bool is_ascii_letter(unsigned char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }
};

constexpr CodePoints hangul[] = {{0x3131, 0x318E}, {0xAC00, 0xD7A3}};
constexpr CodePoints wide_marks[] = {{0x2014, 0x2014}, {0x2018, 0x2019}, {0x201C, 0x201D},
                                     {0x2026, 0x2026}, {0x3001, 0x303F}, {0xFE30, 0xFE4F},
                                     {0xFF01, 0xFF01}, {0xFF0C, 0xFF0C}, {0xFF1A, 0xFF1B}};
constexpr CodePoints bopomofo[] = {{0x3105, 0x312F}};

// Runs of each of these three and of Han and kana, then o200k's rule as llama.cpp reads it: capitals do not matter, and
// numbers are single characters.
struct YoutuScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;
    static constexpr Kind word = kind::head;
    // One of four parts, or none.
    static constexpr Kind part_bits = kind::tail | kind::extra | kind::extra_2;

    static Kind part_of(char32_t character) {
        if (is_in(hangul, character)) return kind::tail;
        if (is_in(wide_marks, character)) return kind::extra;
        if (is_in(bopomofo, character)) return kind::extra_2;
        return is_in(han_and_kana, character) ? kind::extra | kind::extra_2 : 0;
    }

    static Kind kind_of(char32_t character, CharacterBits bits) {
        const Kind part = part_of(character);
        if ((bits & is::mark) != 0) return word | kind::other | part;
        const Kind usual = usual_kind(character, bits);
        return (usual == kind::letter ? word : usual) | part;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static Character follower(const Reader& reader, std::size_t at, Kind part) {
        const Character next = reader.at(at);
        return (next.kind & part_bits) == part ? next : Character{};
    }

    static std::size_t run_end(const Reader& reader, std::size_t at, Kind kinds, Kind part) {
        for (Character next = follower(reader, at, part); next.is(kinds); next = follower(reader, at, part)) {
            at += next.size;
        }
        return at;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        const Kind part = first.kind & part_bits;
        const std::size_t body = at + first.size;
        if (first.is(word)) return word_end(reader, body, part);
        if (first.is(kind::number)) return body;
        if (!first.is(kind::newline)) {
            const Character second = follower(reader, body, part);
            if (second.is(word)) return word_end(reader, body, part);
            if (first.is(kind::other) || (reader.byte(at) == ' ' && second.is(kind::other))) {
                std::size_t end = run_end(reader, body, kind::other, part);
                // These are of no part.
                while (part == 0 && (reader.at(end).is(kind::newline) || reader.byte(end) == '/')) ++end;
                return end;
            }
        }
        return lines_or_spaces_end<part_bits>(reader, at);
    }

    static std::size_t word_end(const Reader& reader, std::size_t at, Kind part) {
        at = run_end(reader, at, word, part);
        if (part != 0 || reader.byte(at) != '\'') return at;
        return at + contraction_size<Contractions::ascii>(reader, at);
    }
};

}  // namespace

std::unique_ptr<Splitter> make_deepseek_v3(std::string_view name, Pace pace) {
    return scanning<ScriptsScanner<ScriptsRule{}>>(name, pace);
}

std::unique_ptr<Splitter> make_spark(std::string_view name, Pace pace) {
    return scanning<ScriptsScanner<ScriptsRule{.numbers = Numbers::singles, .lines = false}>>(name, pace);
}

std::unique_ptr<Splitter> make_afmoe(std::string_view name, Pace pace) {
    return scanning<ScriptsScanner<ScriptsRule{.numbers = Numbers::right_groups, .many_scripts = true}>>(name, pace);
}

std::unique_ptr<Splitter> make_youtu(std::string_view name, Pace pace) { return scanning<YoutuScanner>(name, pace); }

}  // namespace forebay::tokenizer
