// The first two DeepSeek rules: one expression after the other, each inside the pieces of those before it, where what
// stands between two matches is a piece as well. One pass does the same.
#include "tokenizer/splitters/common_rules.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/splitters/scanning_splitter.h"

namespace forebay::tokenizer {
namespace {

// U+4E00 to U+9FA5, U+0800 to U+4E00 and U+AC00 to U+D7FF. llama.cpp turns white space into "\v" before, so that none
// is among them.
constexpr CodePoints east[] = {{0x800, 0x9FA5}, {0xAC00, 0xD7FF}};

// [\r\n], \s?\p{L}+, \s?\p{P}+, the range above, \p{N}. Letters and punctuation take one white space with them; other
// characters and white space make pieces together.
struct DeepseekCoderScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;
    static constexpr Kind punctuation = kind::extra;
    static constexpr Kind eastern = kind::extra_2;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        const Kind usual = (bits & is::punctuation) != 0 ? punctuation : usual_kind(character, bits);
        return is_in(east, character) && (bits & is::white_space) == 0 ? usual | eastern : usual;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        if (first.is(kind::newline | kind::number)) return at + first.size;
        const std::size_t body = at + first.size;
        if (first.is(kind::blank)) {
            const Character second = reader.at(body);
            if (!second.is(kind::letter | punctuation)) return rest_end(reader, at);
            return second.is(eastern) ? body : equal_run_end(reader, body, second.kind);
        }
        if (first.is(kind::other) && !first.is(eastern)) return rest_end(reader, at);
        return equal_run_end(reader, body, first.kind);
    }

    static std::size_t equal_run_end(const Reader& reader, std::size_t at, Kind wanted) {
        for (Character next = reader.at(at); next.size > 0 && next.kind == wanted; next = reader.at(at))
            at += next.size;
        return at;
    }

    static std::size_t rest_end(const Reader& reader, std::size_t at) {
        Character next = reader.at(at);
        while (next.is(kind::blank | kind::other) && !next.is(eastern)) {
            const Character second = reader.at(at + next.size);
            if (next.is(kind::blank) && second.is(kind::letter | punctuation)) break;
            at += next.size;
            next = second;
        }
        return at;
    }
};

constexpr CodePoints deepseek_letters[] = {
    {'A', 'Z'},         {'a', 'z'},         {0xB5, 0xB5},       {0xC0, 0xD6},       {0xD8, 0xF6},
    {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},     {0x295, 0x2AF},     {0x370, 0x373},
    {0x376, 0x377},     {0x37B, 0x37D},     {0x37F, 0x37F},     {0x386, 0x386},     {0x388, 0x38A},
    {0x38C, 0x38C},     {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},     {0x48A, 0x52F},
    {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},   {0x1C90, 0x1CBA},
    {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},   {0x1D79, 0x1D9A},   {0x1E00, 0x1F15},
    {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},   {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},   {0x1F59, 0x1F59},
    {0x1F5B, 0x1F5B},   {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},   {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},   {0x1FD6, 0x1FDB},
    {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},   {0x2102, 0x2102},   {0x2107, 0x2107},
    {0x210A, 0x2113},   {0x2115, 0x2115},   {0x2119, 0x211D},   {0x2124, 0x2124},   {0x2126, 0x2126},
    {0x2128, 0x2128},   {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},   {0x213C, 0x213F},
    {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2184},   {0x2C00, 0x2C7B},   {0x2C7E, 0x2CE4},
    {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF3},   {0xA640, 0xA66D},   {0xA680, 0xA69B},   {0xA722, 0xA76F},
    {0xA771, 0xA787},   {0xA78B, 0xA78E},   {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},
    {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},   {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB},
    {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2}, {0x118A0, 0x118DF}, {0x1E900, 0x1E943}};

// From "!" to "/" and from ":" to "~", which is ASCII letters too; the same of full width; some other marks.
constexpr CodePoints deepseek_marks[] = {{'!', '/'},       {':', '~'},       {0xFF01, 0xFF0F},
                                         {0xFF1A, 0xFF5E}, {0x2018, 0x201F}, {0x3000, 0x3002}};

// [\r\n], \s?[the letters above]+, \s?[the marks above]+, \s+$, the range above, \p{N}+. As before, but white space at
// the end of what stands between is a piece of its own.
struct DeepseekLlmScanner {
    static constexpr bool words_start_at_spaces = true;
    static constexpr Kind looks_through = 0;
    static constexpr Kind listed_letter = kind::head;
    static constexpr Kind listed_mark = kind::tail;
    static constexpr Kind eastern = kind::extra_2;

    static Kind kind_of(char32_t character, CharacterBits bits) {
        if (character == '\r' || character == '\n') return kind::newline;
        if ((bits & is::white_space) != 0) return kind::blank;
        Kind kinds = 0;
        if (is_in(deepseek_letters, character)) kinds |= listed_letter;
        if (is_in(deepseek_marks, character)) kinds |= listed_mark;
        if (kinds == 0) kinds = (bits & is::number) != 0 ? kind::number : kind::other;
        if (is_in(east, character)) kinds |= eastern;
        return kinds;
    }

    static const KindTable& kinds() {
        static const KindTable table(kind_of, UnicodeVersion::v15_1);
        return table;
    }

    static std::size_t next(const Reader& reader, std::size_t at) {
        const Character first = reader.at(at);
        const std::size_t body = at + first.size;
        if (first.is(kind::newline)) return body;
        if (first.is(kind::blank)) {
            const Character second = reader.at(body);
            if (!second.is(listed_letter | listed_mark)) return rest_end(reader, at);
            return second.is(eastern) ? body : DeepseekCoderScanner::equal_run_end(reader, body, second.kind);
        }
        if (first.is(kind::other) && !first.is(eastern)) return rest_end(reader, at);
        return DeepseekCoderScanner::equal_run_end(reader, body, first.kind);
    }

    static std::size_t rest_end(const Reader& reader, std::size_t at) {
        const std::size_t start = at;
        std::size_t spaces = at;  // the start of the white space at the end
        Character next = reader.at(at);
        while (next.is(kind::blank | kind::other) && !next.is(eastern)) {
            const Character second = reader.at(at + next.size);
            if (next.is(kind::blank) && second.is(listed_letter | listed_mark)) {
                next = {};
                break;
            }
            at += next.size;
            if (next.is(kind::other)) spaces = at;
            next = second;
        }
        const bool cut_by_earlier = next.size == 0 || next.is(kind::newline | listed_letter | listed_mark);
        return cut_by_earlier && spaces > start ? spaces : at;
    }
};

}  // namespace

std::unique_ptr<Splitter> make_deepseek_llm(std::string_view name, Pace pace) {
    return scanning<DeepseekLlmScanner>(name, pace);
}

std::unique_ptr<Splitter> make_deepseek_coder(std::string_view name, Pace pace) {
    return scanning<DeepseekCoderScanner>(name, pace);
}

}  // namespace forebay::tokenizer
