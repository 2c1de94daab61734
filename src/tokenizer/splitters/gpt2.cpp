// GPT-2's rule and the tiktoken rank files' of its time:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// and StarCoder's, where \p{N} stands for itself before that, character by character.
#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

template <UnicodeVersion Version, bool NumbersApart>
struct Gpt2Scanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;
    static constexpr Kind apart = NumbersApart ? kind::number : 0;

    static const KindTable& kinds() {
        static const KindTable table(usual_kind, Version);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        if (reader.byte(at) == '\'') {
            if (const std::size_t size = contraction_size<Contractions::exact>(reader, at); size > 0) return at + size;
        }
        Character first = reader.at(at);
        if (NumbersApart && first.is(kind::number)) return at + first.size;
        std::size_t body = at;
        if (reader.byte(at) == ' ') first = reader.at(++body);
        if (first.is(kind::letter)) return reader.run_end(body, kind::letter);
        if (first.is(kind::other)) return reader.run_end(body, kind::other);
        if (!NumbersApart && first.is(kind::number)) return reader.run_end(body, kind::number);
        return spaces_end<apart>(reader, at);
    }

    static std::uint64_t block_cuts(const Block& block) {
        const ByteMasks& masks = block.masks;
        const std::uint64_t letters = masks.upper | masks.lower;
        const std::uint64_t digits = masks.digit;
        const std::uint64_t spaces = masks.space | masks.blank | masks.newline;
        const std::uint64_t others = block.valid & ~(letters | digits | spaces);

        const std::uint64_t not_after_space = ~after(masks.space);
        std::uint64_t runs = (letters & ~after(letters)) | (others & ~after(others));
        if (!NumbersApart) runs |= digits & ~after(digits);
        std::uint64_t last_spaces = spaces & ~(spaces >> 1);
        if (NumbersApart) last_spaces &= ~(digits >> 1);
        std::uint64_t cuts = (runs & not_after_space) | (spaces & ~after(spaces)) | last_spaces;
        if (NumbersApart) cuts |= digits;

        // An apostrophe that starts a piece, with what may be a contraction behind it.
        std::uint64_t quotes = masks.apostrophe & ~after(others) & not_after_space & (masks.lower >> 1);
        for (; quotes != 0; quotes &= quotes - 1) {
            const unsigned place = lowest(quotes);
            const std::size_t size = contraction_size<Contractions::exact>(*block.reader, block.at + place);
            if (size == 0) continue;
            cuts &= ~(bit(place) << 1);
            if (place + size < block.size) cuts |= bit(place) << size;
        }
        return cuts & settled_places(spaces, block.size) & ~std::uint64_t{1};
    }
};

}  // namespace

std::unique_ptr<Splitter> make_r50k(std::string_view name, Pace pace) {
    return scanning<Gpt2Scanner<UnicodeVersion::v16_0, false>>(name, pace);
}

std::unique_ptr<Splitter> make_gpt2(std::string_view name, Pace pace) {
    return scanning<Gpt2Scanner<UnicodeVersion::v15_1, false>>(name, pace);
}

std::unique_ptr<Splitter> make_starcoder(std::string_view name, Pace pace) {
    return scanning<Gpt2Scanner<UnicodeVersion::v15_1, true>>(name, pace);
}

}  // namespace forebay::tokenizer
