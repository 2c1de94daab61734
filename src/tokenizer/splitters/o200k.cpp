// The rule of o200k_base and its relatives. With U for [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L for
// [\p{Ll}\p{Lm}\p{Lo}\p{M}]:
//   [^\r\n\p{L}\p{N}]?U*L+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+L*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|
//    ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
// What a regular expression finds for a word by trying: after all of U* comes L+, if there is an L. Else the last of
// the U* that is an L too ends the word; and if none is, the word is all of U+. A mark before a word may be taken for
// the
// [^\r\n\p{L}\p{N}] or for the word's first character: the pieces are the same.
//
// llama.cpp writes these rules down with other sets: U is [^a-z] and L is [^A-Z] among letters, so that capitals count
// in ASCII alone, and marks are not part of words.
#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

enum class Words {
    unicode,          // the rule as above
    ascii_capitals,   // llama.cpp's
    ascii_and_marks,  // llama.cpp's with marks in words
    any_case,         // llama.cpp's, which takes \p{Lu} and the like for \p{L}
};

struct O200kRule {
    UnicodeVersion version = UnicodeVersion::v15_1;
    Words words = Words::ascii_capitals;
    Contractions contractions = Contractions::ascii;
    std::size_t digits_max = 3;
    // An earlier rule cuts numbers into threes, counted from the right. As llama.cpp has it, what stands before a
    // number stays with its first group, and the rule above sees both.
    bool right_groups = false;
};

template <O200kRule rule>
struct O200kScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = rule.right_groups ? kind::number : 0;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        if ((bits & is::mark) != 0) {
            return rule.words == Words::ascii_capitals ? kind::other : kind::letter | kind::other;
        }
        const bool capitals = rule.words == Words::unicode || character < 0x80;
        if (capitals && rule.words != Words::any_case) {
            if ((bits & is::upper) != 0) return kind::head;
            if ((bits & is::lower) != 0) return kind::tail;
        }
        return usual_kind(character, bits);
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, rule.version);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        if (first.is(kind::letter)) return word_end(reader, at);
        if (first.is(kind::number)) {
            return rule.right_groups ? right_group_end(reader, at) : number_end<rule.digits_max>(reader, at);
        }
        if (!first.is(kind::newline)) {
            const std::size_t body = at + first.size;
            const Character second = reader.at(body);
            if (second.is(kind::letter)) return word_end(reader, body);
            if (first.is(kind::other) || (reader.byte(at) == ' ' && second.is(kind::other))) {
                return lines_and_slashes_end(reader, reader.run_end(body, kind::other));
            }
        }
        return lines_or_spaces_end(reader, at);
    }

    static std::size_t word_end(const Reader& reader, std::size_t at) {
        std::size_t both_end = 0;
        Character next = reader.at_in_loop(at);
        for (; next.is(kind::head); next = reader.at_in_loop(at)) {
            at += next.size;
            if (next.is(kind::tail)) both_end = at;
        }
        if (next.is(kind::tail)) {
            at = reader.run_end(at, kind::tail);
        } else if (both_end > 0) {
            at = both_end;
        }
        if (rule.contractions == Contractions::none || reader.byte(at) != '\'') return at;
        return at + contraction_size<rule.contractions>(reader, at);
    }

    // [\r\n/]*
    static std::size_t lines_and_slashes_end(const Reader& reader, std::size_t at) {
        for (unsigned char byte = reader.byte(at); byte == '\r' || byte == '\n' || byte == '/';) {
            byte = reader.byte(++at);
        }
        return at;
    }

    static std::uint64_t block_cuts(const Block& block)
        requires(!rule.right_groups)
    {
        const ByteMasks& masks = block.masks;
        const std::uint64_t letters = masks.upper | masks.lower;
        const std::uint64_t blanks = masks.space | masks.blank;
        const std::uint64_t spaces = blanks | masks.newline;
        const std::uint64_t others = block.valid & ~(letters | masks.digit | spaces);

        std::uint64_t cuts = word_starts(masks, letters, others) | (others & ~after(others) & ~after(masks.space)) |
                             number_starts<rule.digits_max>(masks.digit) |
                             line_starts<true>(masks.newline, blanks, others) | (blanks & ~(spaces >> 1));
        if (rule.words != Words::any_case) cuts |= masks.upper & after(masks.lower);
        if constexpr (rule.contractions != Contractions::none) cuts = with_contractions(block, letters, cuts);
        cuts &= settled_places(spaces, block.size);
        const std::uint64_t slashes = masks.slash & after(masks.newline) & block.valid;
        if (slashes != 0) cuts = with_slashes(block, slashes, others, cuts);
        return cuts & ~std::uint64_t{1};
    }

    // A contraction behind a word belongs to it, but for a second one behind the first.
    static std::uint64_t with_contractions(const Block& block, std::uint64_t letters, std::uint64_t cuts) {
        std::uint64_t quotes = block.masks.apostrophe & after(letters) & block.valid;
        unsigned last_end = 0;
        for (; quotes != 0; quotes &= quotes - 1) {
            const unsigned place = lowest(quotes);
            if (place == last_end) continue;
            const auto size =
                static_cast<unsigned>(contraction_size<rule.contractions>(*block.reader, block.at + place));
            if (size == 0) continue;
            last_end = place + size;
            cuts &= ~(lowest_bits(size) << place);
            if (last_end < block.size) cuts |= bit(last_end);
        }
        return cuts;
    }

    // Slashes behind the newlines that a piece ends with belong to it, and so do newlines behind them: rare, so that
    // the block ends there.
    static std::uint64_t with_slashes(const Block& block, std::uint64_t slashes, std::uint64_t others,
                                      std::uint64_t cuts) {
        for (; slashes != 0; slashes &= slashes - 1) {
            const unsigned place = lowest(slashes);
            const std::uint64_t before = ~block.masks.newline & lowest_bits(place);
            if (before == 0 || (others >> highest(before) & 1) == 0) continue;
            cuts &= lowest_bits(place);
            const std::size_t end = lines_and_slashes_end(*block.reader, block.at + place) - block.at;
            return end < block.size ? cuts | bit(static_cast<unsigned>(end)) : cuts;
        }
        return cuts;
    }
};

}  // namespace

std::unique_ptr<Splitter> make_o200k(std::string_view name, Pace pace) {
    constexpr O200kRule rule{
        .version = UnicodeVersion::v16_0, .words = Words::unicode, .contractions = Contractions::unicode};
    return scanning<O200kScanner<rule>>(name, pace);
}

std::unique_ptr<Splitter> make_gpt4o(std::string_view name, Pace pace) {
    return scanning<O200kScanner<O200kRule{}>>(name, pace);
}

std::unique_ptr<Splitter> make_tekken(std::string_view name, Pace pace) {
    return scanning<O200kScanner<O200kRule{.contractions = Contractions::none, .digits_max = 1}>>(name, pace);
}

std::unique_ptr<Splitter> make_granite_multi(std::string_view name, Pace pace) {
    return scanning<O200kScanner<O200kRule{.words = Words::ascii_and_marks}>>(name, pace);
}

std::unique_ptr<Splitter> make_tiny_aya(std::string_view name, Pace pace) {
    return scanning<O200kScanner<O200kRule{.words = Words::any_case, .right_groups = true}>>(name, pace);
}

}  // namespace forebay::tokenizer
