// Byte-level BPE from hostile bytes: the pieces are the text, tokens give it back, no control token comes from text,
// and a vocabulary trained on the bytes themselves is sound and gives them back too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tokenizer/bpe.h"
#include "tokenizer/pre_tokenizer.h"

namespace {

using forebay::tokenizer::BpeTokenizer;
using forebay::tokenizer::TokenId;

BpeTokenizer trained_on(std::string_view text, std::uint32_t size) {
    const std::vector<std::string_view> corpus = {text};
    auto vocabulary =
        forebay::tokenizer::train_bpe(corpus, {.vocabulary = size, .control = {"<|im_end|>"}, .count_least = 1});
    if (!vocabulary || !forebay::tokenizer::check_vocabulary(*vocabulary)) std::abort();
    return BpeTokenizer(*std::move(vocabulary));
}

void expect_round_trip(const BpeTokenizer& tokenizer, std::string_view text) {
    std::vector<TokenId> tokens;
    tokenizer.append_tokens(tokens, text);
    const TokenId control = tokenizer.control("<|im_end|>");
    std::string back;
    for (const TokenId token : tokens) {
        if (token < 0 || token >= control) std::abort();
        back += tokenizer.bytes_of(token);
    }
    if (back != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const BpeTokenizer fixed = trained_on(
        "the river comes down from the hills in spring, the river, the hills; it's 12:30.\n\n  \n\t\tif (x != y) { "
        "return; }\n"
        "Река течёт с холмов. 川は丘から流れてくる。 😀😀 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa <|im_end|>                   "
        "     end",
        600);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (std::size_t at = 0; at < size;) {
        const std::size_t piece = forebay::tokenizer::next_piece_qwen2(text.substr(at));
        if (piece == 0 || piece > size - at) std::abort();
        at += piece;
    }
    expect_round_trip(fixed, text);
    if (size > 0) expect_round_trip(trained_on(text, 400), text);
    return 0;
}
