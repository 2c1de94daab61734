#include "token_service/model_table.h"

#include <gtest/gtest.h>

#include <set>

namespace forebay::token_service {
namespace {

TEST(ModelTable, OpenAisModelsHaveTheirTokenizers) {
    for (const auto& [model, tokenizer] : std::initializer_list<std::pair<const char*, const char*>>{
             {"gpt-3.5-turbo", "cl100k_base"},
             {"gpt-4", "cl100k_base"},
             {"gpt-4-turbo-2024-04-09", "cl100k_base"},
             {"gpt-4o-mini-2024-07-18", "o200k_base"},
             {"chatgpt-4o-latest", "o200k_base"},
             {"gpt-4.1-nano", "o200k_base"},
             {"gpt-4.5-preview", "o200k_base"},
             {"gpt-5-mini", "o200k_base"},
             {"gpt-5.9-anything", "o200k_base"},
             {"o1-mini", "o200k_base"},
             {"o3", "o200k_base"},
             {"o4-mini-high", "o200k_base"},
             {"gpt-oss-120b", "o200k_harmony"},
             {"text-davinci-003", "p50k_base"},
             {"code-davinci-002", "p50k_base"},
             {"davinci", "r50k_base"},
             {"ada:ft-someone-2022", "r50k_base"},
             {"davinci-002", "cl100k_base"},
             {"text-embedding-3-large", "cl100k_base"},
             {"text-embedding-ada-002", "cl100k_base"},
         }) {
        EXPECT_EQ(find_model(model).tokenizer, tokenizer) << model;
        EXPECT_NE(find_model(model).format, ChatFormat::estimate) << model;
    }
}

TEST(ModelTable, TheLongestPatternWins) {
    EXPECT_EQ(find_model("gpt-4").context_tokens, 8'192u);
    EXPECT_EQ(find_model("gpt-4-0613").context_tokens, 8'192u);
    EXPECT_EQ(find_model("gpt-4-32k-0613").context_tokens, 32'768u);
    EXPECT_EQ(find_model("gpt-4-turbo").context_tokens, 128'000u);
    EXPECT_EQ(find_model("gpt-5").context_tokens, 400'000u);
    EXPECT_EQ(find_model("gpt-5.7").context_tokens, 0u);
}

TEST(ModelTable, ProvidersPrefixesAndFineTunesAreSeenThrough) {
    EXPECT_EQ(find_model("openai/gpt-4o").pattern, "gpt-4o");
    EXPECT_EQ(find_model("openrouter/openai/GPT-4o").pattern, "gpt-4o");
    EXPECT_EQ(find_model("ft:gpt-4o-mini:org::id").pattern, "gpt-4o");
    EXPECT_EQ(find_model("us.anthropic.claude-3-5-sonnet-20241022-v2:0").family->name, "claude");
    EXPECT_EQ(find_model("meta-llama/Llama-3.1-8B-Instruct").family->name, "llama");
    EXPECT_EQ(find_model("accounts/fireworks/models/deepseek-v3").family->name, "deepseek");
}

TEST(ModelTable, WhatIsNotKnownIsTheGenericEstimate) {
    for (const char* model : {"", "my-model", "gpt", "o10", "gpt-4x", "adam", "/", "openai/"}) {
        EXPECT_EQ(find_model(model).format, ChatFormat::estimate) << model;
        EXPECT_EQ(find_model(model).family->name, "generic") << model;
    }
}

TEST(ModelTable, EachRowIsFoundByItsOwnPattern) {
    std::set<std::string_view> patterns;
    for (const ModelRow& row : model_table()) {
        std::string name(row.pattern);
        if (name.ends_with('*')) name.pop_back();
        EXPECT_TRUE(patterns.insert(row.pattern).second) << row.pattern;
        EXPECT_EQ(find_model(name).tokenizer, row.tokenizer) << row.pattern;
        EXPECT_EQ(row.format == ChatFormat::estimate, row.family != nullptr) << row.pattern;
    }
}

}  // namespace
}  // namespace forebay::token_service
