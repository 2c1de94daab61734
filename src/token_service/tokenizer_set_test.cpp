#include "token_service/tokenizer_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "token_service/byte_tokenizer.h"

namespace forebay::token_service {
namespace {

using testing::HasSubstr;

class TokenizerSetTest : public testing::Test {
protected:
    TokenizerSetTest() : set_(sources()) {
        file_ = (std::filesystem::temp_directory_path() / "forebay-set-XXXXXX.json").string();
        const int descriptor = ::mkstemps(file_.data(), 5);
        EXPECT_GE(descriptor, 0);
        ::close(descriptor);
        settings_.providers["up"].name = "up";
        runtime("tiny").model = file_;
        runtime("tiny").context_tokens = 2048;
    }
    ~TokenizerSetTest() override { std::filesystem::remove(file_); }

    TokenizerSet::Sources sources() {
        return {.built_in_names = [] { return std::vector<std::string>{"cl100k_base", "o200k_base", "o200k_harmony"}; },
                .built_in = [this](const std::string& name) -> Result<tokenizer::TokenizerPtr> {
                    ++opened_;
                    return std::make_shared<ByteTokenizer>(name);
                },
                .from_file = [this](const std::string& file) -> Result<tokenizer::TokenizerPtr> {
                    ++opened_;
                    if (corrupt_) return fail(Code::invalid_argument, "'{}' is damaged", file);
                    return std::make_shared<ByteTokenizer>("file");
                },
                .from_gguf = [](const std::string&, tokenizer::TokenizerPtr tokenizer) -> Result<ChatCounterPtr> {
                    return make_openai_counter(std::move(tokenizer), true);
                }};
    }

    config::RuntimeSettings& runtime(const std::string& name) {
        settings_.runtimes[name].name = name;
        return settings_.runtimes[name];
    }
    config::ModelSettings& model(const std::string& name, std::vector<config::Target> targets) {
        auto& model = settings_.models[name];
        model.name = name;
        model.targets = std::move(targets);
        return model;
    }

    std::string file_;
    config::Settings settings_;
    int opened_ = 0;
    bool corrupt_ = false;
    TokenizerSet set_;
};

TEST_F(TokenizerSetTest, AProvidersModelIsCountedByItsNameThere) {
    model("chat", {{"up", "", "gpt-4o-mini"}});
    model("gpt-4", {{"up", "", ""}});
    model("claude-3-opus", {{"up", "", ""}});

    const auto opened = set_.open_blocking(settings_);

    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->at("chat")[0].counter->name(), "o200k_base");
    EXPECT_EQ(opened->at("chat")[0].context_tokens, 128'000u);
    EXPECT_TRUE(opened->at("chat")[0].counts_answer);
    EXPECT_EQ(opened->at("gpt-4")[0].counter->name(), "cl100k_base");
    EXPECT_EQ(opened->at("claude-3-opus")[0].counter->name(), "estimate:claude");
    EXPECT_FALSE(opened->at("claude-3-opus")[0].counts_answer);
}

TEST_F(TokenizerSetTest, ARuntimeHasItsOwnFilesTokenizerAndItsOwnContext) {
    model("m", {{"", "tiny", ""}}).tokenizer = "o200k_base";
    model("small", {{"", "tiny", ""}}).context_tokens = 100;

    const auto opened = set_.open_blocking(settings_);

    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->at("m")[0].counter->name(), "file");
    EXPECT_EQ(opened->at("m")[0].context_tokens, 2048u);
    EXPECT_EQ(opened->at("small")[0].context_tokens, 100u);
}

TEST_F(TokenizerSetTest, TheConfigurationOverridesTheTable) {
    auto& named = model("gpt-4o", {{"up", "", ""}});
    named.tokenizer = "cl100k_base";
    named.context_tokens = 77;
    model("filed", {{"up", "", ""}}).tokenizer = file_;
    model("guessed", {{"up", "", "gpt-4o"}}).tokenizer = "estimate";

    const auto opened = set_.open_blocking(settings_);

    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->at("gpt-4o")[0].counter->name(), "cl100k_base");
    EXPECT_FALSE(opened->at("gpt-4o")[0].counter->exact());
    EXPECT_EQ(opened->at("gpt-4o")[0].context_tokens, 77u);
    EXPECT_EQ(opened->at("filed")[0].counter->name(), "file");
    EXPECT_EQ(opened->at("guessed")[0].counter->name(), "estimate:generic");
}

TEST_F(TokenizerSetTest, ATokenizerThatCannotBeUsedFailsTheRevision) {
    model("m", {{"up", "", ""}}).tokenizer = "o300k_base";
    const auto unknown = set_.open_blocking(settings_);
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("models.m.tokenizer: there is no built-in tokenizer"));
    EXPECT_THAT(unknown.error().message, HasSubstr("cl100k_base, o200k_base, o200k_harmony"));

    model("m", {{"up", "", ""}}).tokenizer = "/nonexistent/tokenizer.json";
    const auto missing = set_.open_blocking(settings_);
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/tokenizer.json"));

    model("m", {{"up", "", ""}}).tokenizer = file_;
    corrupt_ = true;
    const auto damaged = set_.open_blocking(settings_);
    ASSERT_FALSE(damaged);
    EXPECT_THAT(damaged.error().message, HasSubstr("is damaged"));
}

TEST_F(TokenizerSetTest, ARuntimesFileThatCannotBeReadIsItsWorkersMatter) {
    model("m", {{"", "tiny", ""}});
    corrupt_ = true;

    const auto opened = set_.open_blocking(settings_);

    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->at("m")[0].counter, nullptr);
}

TEST_F(TokenizerSetTest, WhatDidNotChangeIsSharedWithTheRevisionBefore) {
    model("gpt-4o", {{"up", "", ""}});
    model("filed", {{"up", "", ""}}).tokenizer = file_;
    const auto first = set_.open_blocking(settings_);
    ASSERT_TRUE(first);
    const int before = opened_;

    const auto second = set_.open_blocking(settings_);
    ASSERT_TRUE(second);
    EXPECT_EQ(opened_, before);
    EXPECT_EQ(second->at("gpt-4o")[0].counter, first->at("gpt-4o")[0].counter);
    EXPECT_EQ(second->at("filed")[0].counter, first->at("filed")[0].counter);

    std::ofstream(file_) << "changed";
    const auto third = set_.open_blocking(settings_);
    ASSERT_TRUE(third);
    EXPECT_NE(third->at("filed")[0].counter, first->at("filed")[0].counter);
    EXPECT_EQ(third->at("gpt-4o")[0].counter, first->at("gpt-4o")[0].counter);
}

}  // namespace
}  // namespace forebay::token_service
