// Tokenizer files by their content, and the folder in which their tables are kept.
#include "tokenizer/open_tokenizer.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/log.h"

namespace forebay::tokenizer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view tokenizer_json =
    R"({"added_tokens":[{"id":6,"content":"<|end|>","special":true}],"normalizer":null,
        "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},"post_processor":null,
        "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"Ġ":3,"Ġab":4,"Ċ":5},"merges":["a b","Ġ ab"]}})";

std::string shipped(std::string_view name) {
    return fmt::format("{}/ggml-vocab-{}.gguf", FOREBAY_LLAMA_MODELS_FOLDER, name);
}

// A folder of the test's own, and what was logged meanwhile.
class OpenTokenizer : public testing::Test {
protected:
    OpenTokenizer() {
        std::string pattern = testing::TempDir() + "open_tokenizer_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        settings_.cache_folder = folder_ + "/cache/tables";
        logged_.clear();
        log::set_sink([](log::Level, std::string_view line) { logged_ += std::string(line) + "\n"; },
                      log::Level::warning);
    }
    ~OpenTokenizer() override {
        log::set_sink([](log::Level, std::string_view) {}, log::Level::error);
        fs::remove_all(folder_);
    }

    std::string write(const std::string& name, std::string_view bytes) const {
        std::string path = folder_ + "/" + name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    std::vector<fs::path> kept() const {
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(settings_.cache_folder)) files.push_back(entry.path());
        return files;
    }

    static std::vector<TokenId> tokens_of(const Result<TokenizerPtr>& tokenizer, std::string_view text) {
        EXPECT_TRUE(tokenizer) << tokenizer.error().message;
        std::vector<TokenId> tokens;
        if (tokenizer) (*tokenizer)->append_tokens(tokens, text);
        return tokens;
    }

    std::string folder_;
    OpenSettings settings_;
    static std::string logged_;
};
std::string OpenTokenizer::logged_;

TEST_F(OpenTokenizer, AFileIsKnownByItsContent) {
    const std::string json = write("some.model", tokenizer_json);
    write("tokenizer.json", tokenizer_json);

    EXPECT_THAT(tokens_of(open_tokenizer_blocking(json), "ab ab"), testing::ElementsAre(2, 4));
    EXPECT_THAT(tokens_of(open_tokenizer_blocking(folder_), "ab ab"), testing::ElementsAre(2, 4));
    fs::copy_file(shipped("gpt-2"), folder_ + "/other.bin");
    EXPECT_THAT(tokens_of(open_tokenizer_blocking(folder_ + "/other.bin"), "hello world"),
                testing::ElementsAre(31373, 995));
    EXPECT_THAT(tokens_of(open_tokenizer_blocking(FOREBAY_RANK_FILES "/cl100k_base.tiktoken"), "hello world"),
                testing::ElementsAre(15339, 1917));
}

TEST_F(OpenTokenizer, WhatCannotBeOpenedIsSaid) {
    EXPECT_EQ(open_tokenizer_blocking(folder_ + "/none").error().code, Code::not_found);
    EXPECT_THAT(open_tokenizer_blocking(folder_).error().message,
                testing::HasSubstr("no tokenizer.json in the folder"));
    EXPECT_THAT(open_tokenizer_blocking(write("x.gguf", "other")).error().message,
                testing::HasSubstr("not a GGUF file"));
    EXPECT_THAT(open_tokenizer_blocking(write("x.json", "")).error().message, testing::HasSubstr("not a JSON object"));
    EXPECT_THAT(open_tokenizer_blocking(write("x.txt", "Some text.")).error().message, testing::HasSubstr("line 1"));
    EXPECT_EQ(open_tokenizer_blocking(shipped("bert-bge")).error().code, Code::unavailable);
}

TEST_F(OpenTokenizer, TheTableIsKeptAndTakenTheNextTime) {
    const std::string file = write("tokenizer.json", tokenizer_json);

    const auto first = open_tokenizer_blocking(file, settings_);
    ASSERT_EQ(kept().size(), 1U);
    const auto written = fs::last_write_time(kept()[0]);
    const auto second = open_tokenizer_blocking(file, settings_);
    const auto directly = open_tokenizer_blocking(kept()[0].string());

    EXPECT_THAT(tokens_of(first, "ab ab"), testing::ElementsAre(2, 4));
    EXPECT_THAT(tokens_of(second, "ab ab"), testing::ElementsAre(2, 4));
    EXPECT_THAT(tokens_of(directly, "ab ab"), testing::ElementsAre(2, 4));
    EXPECT_EQ((*second)->info().source, file);
    EXPECT_EQ((*second)->find("<|end|>"), 6);
    ASSERT_EQ(kept().size(), 1U);
    EXPECT_EQ(fs::last_write_time(kept()[0]), written);
    EXPECT_EQ(logged_, "");
}

TEST_F(OpenTokenizer, AChangedFileGetsATableOfItsOwn) {
    const std::string file = write("tokenizer.json", tokenizer_json);
    ASSERT_TRUE(open_tokenizer_blocking(file, settings_));
    std::string changed(tokenizer_json);
    changed.replace(changed.find(R"("a":0,"b":1)"), 11, R"("a":1,"b":0)");
    write("tokenizer.json", changed);

    const auto opened = open_tokenizer_blocking(file, settings_);

    EXPECT_THAT(tokens_of(opened, "a b"), testing::ElementsAre(1, 3, 0));
    EXPECT_EQ(kept().size(), 2U);
}

TEST_F(OpenTokenizer, ADamagedTableIsBuiltAgainAndLogged) {
    const std::string file = write("tokenizer.json", tokenizer_json);
    ASSERT_TRUE(open_tokenizer_blocking(file, settings_));
    const fs::path table = kept()[0];
    std::ifstream stream(table, std::ios::binary);
    const std::string whole(std::istreambuf_iterator<char>(stream), {});

    std::vector<std::string> damages = {"", whole.substr(0, 10), whole.substr(0, whole.size() / 2), whole + "x"};
    for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40 + 1) {
        damages.push_back(whole);
        damages.back()[at] = static_cast<char>(damages.back()[at] ^ 0x40);
    }
    for (const std::string& damage : damages) {
        logged_.clear();
        std::ofstream(table, std::ios::binary) << damage;

        EXPECT_THAT(tokens_of(open_tokenizer_blocking(file, settings_), "ab ab"), testing::ElementsAre(2, 4));

        EXPECT_THAT(logged_, testing::HasSubstr("is built again")) << damage.size();
        std::ifstream again(table, std::ios::binary);
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>(again), {}), whole);
    }
}

TEST_F(OpenTokenizer, ACacheThatCannotBeWrittenCostsTimeOnly) {
    const std::string file = write("tokenizer.json", tokenizer_json);
    settings_.cache_folder = file + "/below_a_file";

    EXPECT_THAT(tokens_of(open_tokenizer_blocking(file, settings_), "ab ab"), testing::ElementsAre(2, 4));

    EXPECT_THAT(logged_, testing::HasSubstr("is not kept"));
}

TEST_F(OpenTokenizer, ModelFilesAreTheSameWithTheirTablesKept) {
    for (const std::string_view name : {"llama-spm", "gpt-2", "phi-3"}) {
        const std::string text = "Hello world, <|end|>  \n\n Größe 你好 \U0001F600!";

        const auto built = open_tokenizer_blocking(shipped(name), settings_);
        const auto mapped = open_tokenizer_blocking(shipped(name), settings_);

        EXPECT_EQ(tokens_of(built, text), tokens_of(mapped, text)) << name;
        EXPECT_EQ((*built)->info().adds_begin, (*mapped)->info().adds_begin);
        EXPECT_EQ((*built)->info().token_bytes_max, (*mapped)->info().token_bytes_max);
    }
    EXPECT_EQ(kept().size(), 3U);
}

}  // namespace
}  // namespace forebay::tokenizer
