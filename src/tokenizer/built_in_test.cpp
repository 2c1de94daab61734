// The built-in tokenizers: facts that OpenAI publishes, and what they share.
#include "tokenizer/built_in.h"

#include <gmock/gmock.h>

#include <thread>

#include "tokenizer/rank_file.h"

namespace forebay::tokenizer {
namespace {

std::vector<TokenId> tokens_of(std::string_view name, std::string_view text, Specials specials = Specials::as_text) {
    std::vector<TokenId> tokens;
    built_in_tokenizer(name).value()->append_tokens(tokens, text, {.specials = specials, .add_begin_end = false});
    return tokens;
}

// The examples of tiktoken's README and tests.
TEST(BuiltIn, EncodingsGiveTheIdsThatTheyAreKnownFor) {
    EXPECT_THAT(tokens_of("r50k_base", "hello world"), testing::ElementsAre(31373, 995));
    EXPECT_THAT(tokens_of("p50k_base", "hello world"), testing::ElementsAre(31373, 995));
    EXPECT_THAT(tokens_of("cl100k_base", "hello world"), testing::ElementsAre(15339, 1917));
    EXPECT_THAT(tokens_of("o200k_base", "hello world"), testing::ElementsAre(24912, 2375));
    EXPECT_THAT(tokens_of("cl100k_base", "rer"), testing::ElementsAre(38149));
    EXPECT_THAT(tokens_of("cl100k_base", "'rer"), testing::ElementsAre(2351, 81));
    EXPECT_THAT(tokens_of("cl100k_base", "today\n "), testing::ElementsAre(31213, 198, 220));
    EXPECT_THAT(tokens_of("cl100k_base", "today\n \n"), testing::ElementsAre(31213, 27907));
    EXPECT_THAT(tokens_of("cl100k_base", "today\n  \n"), testing::ElementsAre(31213, 14211));
}

TEST(BuiltIn, SpecialTokensAreCutOnlyWhereTheyAreAskedFor) {
    EXPECT_THAT(tokens_of("cl100k_base", "<|endoftext|>", Specials::as_tokens), testing::ElementsAre(100257));
    EXPECT_THAT(tokens_of("r50k_base", "<|endoftext|>"), testing::ElementsAre(27, 91, 437, 1659, 5239, 91, 29));
    EXPECT_THAT(tokens_of("o200k_harmony", "<|start|>user<|message|>hello world<|end|>", Specials::as_tokens),
                testing::ElementsAre(200006, 1428, 200008, 24912, 2375, 200007));
    EXPECT_THAT(tokens_of("p50k_edit", "<|fim_prefix|>hello world", Specials::as_tokens),
                testing::ElementsAre(50281, 31373, 995));
}

TEST(BuiltIn, AnEncodingOnAnothersTableDiffersInSpecialTokensAlone) {
    const TokenizerPtr base = built_in_tokenizer("o200k_base").value();
    const TokenizerPtr harmony = built_in_tokenizer("o200k_harmony").value();

    EXPECT_EQ(harmony->info().name, "o200k_harmony");
    EXPECT_EQ(harmony->info().vocabulary, 201088U);
    EXPECT_EQ(harmony->info().source, "built in");
    EXPECT_EQ(harmony->bytes_of(200006), "<|start|>");
    EXPECT_TRUE(harmony->is_special(200006));
    EXPECT_FALSE(base->is_special(200006));
    EXPECT_EQ(base->info().vocabulary, 200019U);
    EXPECT_EQ(tokens_of("o200k_base", "a <|start|> b"), tokens_of("o200k_harmony", "a <|start|> b"));
    EXPECT_EQ(tokens_of("o200k_harmony", "<|endofprompt|>", Specials::as_tokens), std::vector<TokenId>{200018});
    EXPECT_EQ(tokens_of("o200k_harmony", "<|reserved_200018|>", Specials::as_tokens), std::vector<TokenId>{200018});
    EXPECT_EQ(harmony->bytes_of(200018), "<|endofprompt|>");
}

TEST(BuiltIn, EveryTokenIsFoundByItsBytes) {
    for (const std::string_view name : built_in_names()) {
        const TokenizerPtr tokenizer = built_in_tokenizer(name).value();
        std::size_t used = 0;
        for (TokenId token = 0; static_cast<std::size_t>(token) < tokenizer->info().vocabulary; ++token) {
            const std::string_view bytes = tokenizer->bytes_of(token);
            if (bytes.empty()) continue;
            ++used;
            if (!tokenizer->is_special(token)) ASSERT_EQ(tokenizer->find(bytes), token) << name;
        }
        EXPECT_GE(used, 50'257U) << name;
    }
}

TEST(BuiltIn, ThreadsGetTheSameTokenizer) {
    std::vector<TokenizerPtr> opened(4);
    {
        std::vector<std::jthread> threads;
        for (TokenizerPtr& each : opened) threads.emplace_back([&] { each = built_in_tokenizer("r50k_base").value(); });
    }

    EXPECT_THAT(opened, testing::Each(built_in_tokenizer("r50k_base").value()));
}

TEST(BuiltIn, AnUnknownNameGetsTheListOfAll) {
    const Result<TokenizerPtr> opened = built_in_tokenizer("gpt-4o");

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::not_found);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("cl100k_base, o200k_base, o200k_harmony"));
}

}  // namespace
}  // namespace forebay::tokenizer
