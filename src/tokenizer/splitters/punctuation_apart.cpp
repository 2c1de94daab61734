// Rules that first cut punctuation out, and then split what is left by GPT-2's rule: Falcon, llama.cpp's "default" and
// Chameleon. Where a piece ends before punctuation, GPT-2's rule sees the end of a text.
#include <string_view>

#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

bool is_three_digits(const Reader& reader, std::size_t at) {
    const auto is_digit = [&](std::size_t i) { return reader.byte(at + i) >= '0' && reader.byte(at + i) <= '9'; };
    return is_digit(0) && is_digit(1) && is_digit(2);
}

// [\p{P}\$\+<=>\^~\|`]+, GPT-2's rule, [0-9][0-9][0-9]; "default" has no ` there, and \p{N}+ before the last.
template <bool Falcon>
struct FalconScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        const bool listed = character < 0x80 && std::string_view("$+<=>^~|").contains(static_cast<char>(character));
        if (listed || (bits & is::punctuation) != 0 || (Falcon && character == '`')) return kind::extra;
        return usual_kind(character, bits);
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        if (is_three_digits(reader, at)) return at + 3;
        Character first = reader.at(at);
        if (first.is(kind::extra)) return reader.run_end(at, kind::extra);
        std::size_t body = at;
        if (reader.byte(at) == ' ') first = reader.at(++body);
        if (first.is(kind::letter)) return reader.run_end(body, kind::letter);
        if (first.is(kind::other)) return reader.run_end(body, kind::other);
        if (first.is(kind::number)) {
            const bool space_is_a_piece = !Falcon && body > at;
            return space_is_a_piece ? body : next_three_digits(reader, body);
        }
        return spaces_end<kind::extra>(reader, at);
    }

    // The next three digits in the number at `at`, or its end.
    static std::size_t next_three_digits(const Reader& reader, std::size_t at) {
        for (Character next = reader.at(at); next.is(kind::number); next = reader.at(at)) {
            if (is_three_digits(reader, at)) break;
            at += next.size;
        }
        return at;
    }
};

// <sentinel:[0-9]+>, (IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z, ([\t\n]|    |  ), \p{N}, [\p{P}!-/:-@\[-`{-~], GPT-2's rule.
// The first says nothing that numbers and punctuation one by one do not say too.
struct ChameleonScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        if (character == '\t' || character == '\n') return kind::newline;
        if (character == '\r') return kind::blank;
        const bool ascii_symbol = character < 0x80 && (bits & is::symbol) != 0;
        if (ascii_symbol || (bits & is::punctuation) != 0) return kind::extra;
        return usual_kind(character, bits);
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        Character first = reader.at(at);
        if (first.is(kind::newline | kind::number | kind::extra)) return at + first.size;
        if (are_spaces(reader, at, 2)) return at + (are_spaces(reader, at, 4) ? 4 : 2);
        std::size_t body = at;
        if (reader.byte(at) == ' ') first = reader.at(++body);
        if (first.is(kind::letter)) {
            const std::size_t image = image_size(reader, body);
            if (image > 0) return body > at ? body : at + image;
            return letters_end(reader, body);
        }
        if (first.is(kind::other)) return reader.run_end(body, kind::other);
        return blanks_end(reader, at);
    }

    static bool are_spaces(const Reader& reader, std::size_t at, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            if (reader.byte(at + i) != ' ') return false;
        }
        return true;
    }

    static std::size_t image_size(const Reader& reader, std::size_t at) {
        constexpr std::string_view start = "IMGIMG";
        for (std::size_t i = 0; i < start.size(); ++i) {
            if (reader.byte(at + i) != static_cast<unsigned char>(start[i])) return 0;
        }
        std::size_t size = start.size();
        while (size < start.size() + 4 && reader.byte(at + size) >= 'A' && reader.byte(at + size) <= 'I') ++size;
        return size > start.size() && reader.byte(at + size) == 'Z' ? size + 1 : 0;
    }

    static std::size_t letters_end(const Reader& reader, std::size_t at) {
        for (Character next = reader.at(at); next.is(kind::letter); next = reader.at(at)) {
            if (reader.byte(at) == 'I' && image_size(reader, at) > 0) break;
            at += next.size;
        }
        return at;
    }

    static std::size_t blanks_end(const Reader& reader, std::size_t at) {
        const std::size_t start = at;
        std::size_t last = at;
        Character next = reader.at(at);
        for (; next.is(kind::blank) && !are_spaces(reader, at, 2); next = reader.at(at)) {
            last = at;
            at += next.size;
        }
        const bool followed = next.is(kind::other) || (next.is(kind::letter) && image_size(reader, at) == 0);
        return followed && last > start ? last : at;
    }
};

}  // namespace

std::unique_ptr<Splitter> make_falcon(std::string_view name, Pace pace) {
    return scanning<FalconScanner<true>>(name, pace);
}

std::unique_ptr<Splitter> make_default(std::string_view name, Pace pace) {
    return scanning<FalconScanner<false>>(name, pace);
}

std::unique_ptr<Splitter> make_chameleon(std::string_view name, Pace pace) {
    return scanning<ChameleonScanner>(name, pace);
}

}  // namespace forebay::tokenizer
