// Encoding of hostile bytes: counts are sizes, offsets cover the text, tokens give it back, counts on both sides of a
// cut add up. The first bytes choose the tokenizer, the options and where a text that grows is parted.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/built_in.h"
#include "tokenizer/growing_text.h"
#include "tokenizer/token_table.h"
#include "tokenizer/tokenizer.h"

namespace {

using forebay::tokenizer::EncodeOptions;
using forebay::tokenizer::Specials;
using forebay::tokenizer::TokenId;
using forebay::tokenizer::Tokenizer;
using forebay::tokenizer::TokenizerPtr;
using forebay::tokenizer::TokenKind;
using forebay::tokenizer::Vocabulary;
using forebay::tokenizer::VocabularyKind;

constexpr std::string_view space_mark = "\xE2\x96\x81";

struct Subject {
    TokenizerPtr tokenizer;
    bool marks_spaces = false;
};

void expect(bool good, const char* what) {
    if (good) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

template <class T>
T must(forebay::Result<T> result) {
    expect(result.has_value(), "an operation that cannot fail");
    return *std::move(result);
}

// What Llama 2 has, in small: control tokens, a token for each byte, then texts, the shorter the better their scores.
Vocabulary small_sentence_piece() {
    Vocabulary vocabulary;
    vocabulary.kind = VocabularyKind::sentence_piece;
    vocabulary.name = "small";
    vocabulary.source = "a fuzz target";
    vocabulary.space_prefix = true;
    vocabulary.spaces_are_marks = true;
    vocabulary.add_begin = true;
    vocabulary.tokens = {{.bytes = "<unk>", .kind = TokenKind::unknown},
                         {.bytes = "<s>", .kind = TokenKind::control},
                         {.bytes = "</s>", .kind = TokenKind::control}};
    vocabulary.unknown = 0;
    vocabulary.begin = 1;
    vocabulary.end = 2;
    for (int byte = 0; byte < 256; ++byte) {
        vocabulary.tokens.push_back({.bytes = std::string(1, static_cast<char>(byte)), .kind = TokenKind::byte});
    }
    float score = -1;
    std::vector<std::string> texts = {std::string(space_mark), "\xD1\x80", "\xE5\xB7\x9D", "\xF0\x9F\x98\x80"};
    for (char letter = '!'; letter <= '~'; ++letter) texts.emplace_back(1, letter);
    for (const std::string_view more : {"th", "he", "the", "in", "ing", "aa", "aaaa", "  ", "er"})
        texts.emplace_back(more);
    for (const std::string_view more : {"t", "a", "th", "the", ""}) {
        texts.push_back(std::string(space_mark) + std::string(more.empty() ? space_mark : more));
    }
    for (std::string& text : texts) vocabulary.tokens.push_back({.bytes = std::move(text), .score = score--});
    return vocabulary;
}

const std::vector<Subject>& subjects() {
    static const std::vector<Subject> all = [] {
        std::vector<Subject> made;
        for (const std::string_view name : {"r50k_base", "cl100k_base", "o200k_base", "o200k_harmony"}) {
            made.push_back({must(forebay::tokenizer::built_in_tokenizer(name))});
        }
        auto table = must(forebay::tokenizer::TokenTable::build(small_sentence_piece()));
        made.push_back({must(forebay::tokenizer::make_bpe_tokenizer(std::move(table))), true});
        return made;
    }();
    return all;
}

void check_offsets(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options,
                   const std::vector<TokenId>& tokens) {
    std::vector<TokenId> again;
    const auto found = tokenizer.append_with_offsets(again, text, options);
    // SentencePiece takes characters by their first byte alone, so that a broken one may swallow the mark of a space.
    if (!found && found.error().code == forebay::Code::unavailable && !forebay::utf8::is_valid(text)) return;
    const auto offsets = must(found);
    expect(again == tokens && offsets.size() == tokens.size(), "an offset for each token");
    std::size_t at = 0;
    for (const auto& offset : offsets) {
        expect(offset.begin <= offset.end && offset.end <= text.size(), "offsets lie in the text");
        expect(offset.begin == at || offset.begin == offset.end, "offsets follow each other");
        at = std::max(at, offset.end);
    }
    expect(at == text.size(), "offsets cover the text");
}

void check_cut(const Tokenizer& tokenizer, std::string_view text, std::size_t part, EncodeOptions options) {
    options.add_begin_end = false;
    const std::size_t cut = tokenizer.last_cut(text.substr(0, part), options);
    expect(cut <= part, "a cut lies in the text");
    if (cut == 0) return;
    expect(tokenizer.count(text, options) ==
               tokenizer.count(text.substr(0, cut), options) + tokenizer.count(text.substr(cut), options),
           "counts on both sides of a cut add up");
}

// The count of a text that grows by parts is the count of the whole.
void check_growing(const Tokenizer& tokenizer, std::string_view text, std::size_t part, EncodeOptions options) {
    forebay::tokenizer::GrowingCount growing(tokenizer, options);
    growing.append(text.substr(0, part));
    expect(growing.count() == tokenizer.count(text.substr(0, part), options), "the count of a part");
    growing.append(text.substr(part));
    expect(growing.count() == tokenizer.count(text, options), "the count of what has grown");
}

// What is streamed is what decoding gives, and only its end may be part of a character.
void check_stream(const Tokenizer& tokenizer, const std::vector<TokenId>& tokens, bool valid) {
    forebay::tokenizer::StreamDecoder decoder(tokenizer, Specials::as_tokens);
    std::string streamed;
    for (const TokenId token : tokens) {
        const std::string part = must(decoder.add(token));
        expect(!valid || forebay::utf8::is_valid(part), "whole characters are streamed");
        streamed += part;
    }
    streamed += decoder.finish();
    expect(streamed == must(tokenizer.decode(tokens, Specials::as_tokens)), "what is streamed is what is decoded");
}

void check_fitting(const Tokenizer& tokenizer, std::string_view text, std::size_t tokens_max, EncodeOptions options) {
    const std::size_t size = forebay::tokenizer::fitting_size(tokenizer, text, tokens_max, options);
    expect(size <= text.size(), "what fits is part of the text");
    expect(size == 0 || tokenizer.count(text.substr(0, size), options) <= tokens_max, "what fits fits");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const Subject& subject = subjects()[data[0] % subjects().size()];
    const Tokenizer& tokenizer = *subject.tokenizer;
    const EncodeOptions options{(data[1] & 1) != 0 ? Specials::as_tokens : Specials::as_text, (data[1] & 2) != 0};
    const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);

    std::vector<TokenId> tokens;
    tokenizer.append_tokens(tokens, text, options);
    expect(tokenizer.count(text, options) == tokens.size(), "the count is the number of tokens");
    for (const TokenId token : tokens) {
        expect(token >= 0 && static_cast<std::size_t>(token) < tokenizer.info().vocabulary, "ids are in range");
    }
    check_offsets(tokenizer, text, options, tokens);
    const std::size_t part = text.size() * data[2] / 255;
    check_cut(tokenizer, text, part, options);
    check_growing(tokenizer, text, part, options);
    check_fitting(tokenizer, text, tokens.size() * data[2] / 255, options);
    check_stream(tokenizer, tokens, forebay::utf8::is_valid(text));
    const bool comes_back = !subject.marks_spaces || (forebay::utf8::is_valid(text) && !text.contains(space_mark));
    if (comes_back && options.specials == Specials::as_text && !options.add_begin_end) {
        expect(must(tokenizer.decode(tokens, Specials::as_tokens)) == text, "tokens give the text back");
    }
    return 0;
}
