// The rule of cl100k_base, Llama 3 and Qwen 2, and its relatives:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

struct Cl100kRule {
    UnicodeVersion version = UnicodeVersion::v15_1;
    Contractions contractions = Contractions::ascii;
    std::size_t digits_max = 1;
    bool marks_are_letters = false;
    bool newlines_follow = true;  // [\r\n]* behind [^\s\p{L}\p{N}]+
    bool numbers_apart = false;   // an earlier rule cuts \p{N}{1,3} out
    bool lines_apart = false;     // an earlier rule cuts [^\n]+|[\n]+ out
    bool halved_spaces = false;   // \s{512}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1} for \s+(?!\S)|\s+
};

// \s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|…|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1} from `at` on, where white space starts.
std::size_t lines_or_halved_spaces_end(const Reader& reader, std::size_t at) {
    // Behind a blank there is no newline in the same white space, or the piece would have gone on to it.
    if (!reader.before(at).is(kind::blank)) {
        std::size_t lines_end = 0;
        std::size_t end = at;
        for (Character next = reader.at(end); next.is(kind::space); next = reader.at(end)) {
            end += next.size;
            if (next.is(kind::newline)) lines_end = end;
        }
        if (lines_end > 0) return lines_end;
    }
    constexpr std::size_t longest = 512;
    std::size_t ends[longest + 1];  // behind so many
    std::size_t count = 0;
    Character next = reader.at(at);
    for (; next.is(kind::space) && count < longest; next = reader.at(at)) {
        at += next.size;
        ends[++count] = at;
    }
    // Whether white space or the text's end stands behind the last one counted.
    const bool last_may_be_taken = next.size == 0 || next.is(kind::space);
    for (std::size_t size = longest; size >= 1; size /= 2) {
        if (size < count || (size == count && last_may_be_taken)) return ends[size];
    }
    return ends[1];
}

template <Cl100kRule rule>
struct Cl100kScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = rule.halved_spaces ? kind::space : 0;
    static constexpr Kind apart = rule.numbers_apart ? kind::number : rule.lines_apart ? kind::extra : 0;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        if (rule.marks_are_letters && (bits & is::mark) != 0) return kind::letter;
        if (rule.lines_apart && character == '\n') return kind::extra;
        return usual_kind(character, bits);
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, rule.version);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        if (rule.contractions != Contractions::none && reader.byte(at) == '\'') {
            if (const std::size_t size = contraction_size<rule.contractions>(reader, at); size > 0) return at + size;
        }
        const Character first = reader.at(at);
        if (first.is(kind::letter)) return reader.run_end(at + first.size, kind::letter);
        if (first.is(kind::number)) return number_end<rule.digits_max>(reader, at);
        if (first.is(kind::extra)) return reader.run_end(at, kind::extra);
        if (!first.is(kind::newline)) {
            const std::size_t body = at + first.size;
            const Character second = reader.at(body);
            if (second.is(kind::letter)) return reader.run_end(body, kind::letter);
            if (first.is(kind::other) || (reader.byte(at) == ' ' && second.is(kind::other))) {
                const std::size_t end = reader.run_end(body, kind::other);
                return rule.newlines_follow ? reader.run_end(end, kind::newline) : end;
            }
        }
        if constexpr (rule.halved_spaces) return lines_or_halved_spaces_end(reader, at);
        return lines_or_spaces_end<apart>(reader, at);
    }

    static std::uint64_t block_cuts(const Block& block)
        requires(!rule.lines_apart && !rule.halved_spaces)
    {
        const ByteMasks& masks = block.masks;
        const std::uint64_t letters = masks.upper | masks.lower;
        const std::uint64_t digits = masks.digit;
        const std::uint64_t blanks = masks.space | masks.blank;
        const std::uint64_t spaces = blanks | masks.newline;
        const std::uint64_t others = block.valid & ~(letters | digits | spaces);

        std::uint64_t cuts = word_starts(masks, letters, others) | (others & ~after(others) & ~after(masks.space)) |
                             number_starts<rule.digits_max>(digits) |
                             line_starts<rule.newlines_follow>(masks.newline, blanks, others) |
                             (blanks & ~(spaces >> 1) & ~(rule.numbers_apart ? digits >> 1 : 0));
        if constexpr (rule.contractions != Contractions::none) {
            std::uint64_t quotes = masks.apostrophe & ~after(others | masks.space) & (letters >> 1);
            for (; quotes != 0; quotes &= quotes - 1) {
                const unsigned place = lowest(quotes);
                const std::size_t size = contraction_size<rule.contractions>(*block.reader, block.at + place);
                if (size > 0 && place + size < block.size) cuts |= bit(place) << size;
            }
        }
        return cuts & settled_places(spaces, block.size) & ~std::uint64_t{1};
    }
};

}  // namespace

std::unique_ptr<Splitter> make_cl100k(std::string_view name, Pace pace) {
    constexpr Cl100kRule rule{.version = UnicodeVersion::v16_0, .contractions = Contractions::unicode, .digits_max = 3};
    return scanning<Cl100kScanner<rule>>(name, pace);
}

std::unique_ptr<Splitter> make_llama3(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.digits_max = 3}>>(name, pace);
}

std::unique_ptr<Splitter> make_qwen2(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{}>>(name, pace);
}

std::unique_ptr<Splitter> make_qwen35(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.marks_are_letters = true}>>(name, pace);
}

std::unique_ptr<Splitter> make_seed_coder(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.newlines_follow = false}>>(name, pace);
}

std::unique_ptr<Splitter> make_ufakzeka(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.contractions = Contractions::none}>>(name, pace);
}

std::unique_ptr<Splitter> make_minicpm5(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.digits_max = 3, .numbers_apart = true}>>(name, pace);
}

std::unique_ptr<Splitter> make_laguna(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.lines_apart = true}>>(name, pace);
}

std::unique_ptr<Splitter> make_jais2(std::string_view name, Pace pace) {
    return scanning<Cl100kScanner<Cl100kRule{.digits_max = 3, .halved_spaces = true}>>(name, pace);
}

}  // namespace forebay::tokenizer
