// A vocabulary trained on hostile bytes is sound, and encodes them and others: tokens give the text back, and no
// control token comes from text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/bpe_tokenizer.h"
#include "tokenizer/bpe_trainer.h"
#include "tokenizer/token_table.h"

namespace {

using namespace forebay::tokenizer;

TokenizerPtr trained_on(std::string_view text) {
    const std::vector<std::string_view> corpus = {text};
    const auto vocabulary = train_bpe(corpus, {.vocabulary = 400, .control = {"<|im_end|>"}, .count_least = 1});
    if (!vocabulary || !check_vocabulary(*vocabulary)) std::abort();
    auto table = TokenTable::build(as_vocabulary(*vocabulary));
    if (!table) std::abort();
    auto tokenizer = make_bpe_tokenizer(*std::move(table));
    if (!tokenizer) std::abort();
    return *std::move(tokenizer);
}

void expect_round_trip(const Tokenizer& tokenizer, std::string_view text) {
    std::vector<TokenId> tokens;
    tokenizer.append_tokens(tokens, text);
    std::string back;
    for (const TokenId token : tokens) {
        if (tokenizer.is_special(token)) std::abort();
        back += tokenizer.bytes_of(token);
    }
    if (back != text || tokenizer.count(text) != tokens.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const TokenizerPtr tokenizer = trained_on(text);
    expect_round_trip(*tokenizer, text);
    expect_round_trip(*tokenizer, "the river, it's 12:30.\n\n \t<|im_end|> Река 川 😀");
    return 0;
}
