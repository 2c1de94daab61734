#include "tokenizer/token_table.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tokenizer/sample_texts.h"
#include "tokenizer/test_rig.h"

namespace forebay::tokenizer {
namespace {

using testing::HasSubstr;

Vocabulary sample() {
    std::mt19937_64 random(9);
    const std::string text = mixed_text(random, 40'000);
    const std::vector<std::string_view> corpus = {text};
    Vocabulary vocabulary = as_vocabulary(*train_bpe(corpus, {.vocabulary = 900, .control = {"<|end|>"}}));
    vocabulary.name = "sample";
    vocabulary.source = "a test";
    return vocabulary;
}

// A file of its own in the temporary folder, gone with the object.
class TableFile {
public:
    explicit TableFile(std::span<const std::byte> bytes)
        : path_(std::filesystem::temp_directory_path() / fmt::format("forebay-table-{}", ::getpid())) {
        std::ofstream file(path_, std::ios::binary);
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    ~TableFile() { std::filesystem::remove(path_); }
    TableFile(const TableFile&) = delete;
    TableFile& operator=(const TableFile&) = delete;
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

TEST(TokenTable, AFileOfItsBytesIsTheSameTable) {
    const TokenTable built = TokenTable::build(sample()).value();
    const TableFile file(built.bytes());

    TokenTable opened = TokenTable::open_blocking(file.path()).value();

    EXPECT_EQ(opened.name(), "sample");
    EXPECT_EQ(opened.source(), "a test");
    EXPECT_EQ(opened.splitter(), "qwen2");
    EXPECT_EQ(opened.token_count(), built.token_count());
    const TokenizerPtr tokenizer = make_bpe_tokenizer(std::move(opened)).value();
    const TokenizerPtr expected = tokenizer_of(sample());
    std::mt19937_64 random(10);
    const std::string text = mixed_text(random, 10'000);
    EXPECT_EQ(tokens_of(*tokenizer, text), tokens_of(*expected, text));
    EXPECT_EQ(tokenizer->find("<|end|>"), expected->find("<|end|>"));
}

TEST(TokenTable, AChangedByteOrAMissingPartIsFound) {
    const TokenTable built = TokenTable::build(sample()).value();
    std::vector<std::byte> bytes(built.bytes().begin(), built.bytes().end());
    std::mt19937_64 random(11);
    for (int round = 0; round < 100; ++round) {
        std::vector<std::byte> damaged = bytes;
        if (round % 2 == 0) {
            damaged[random() % damaged.size()] ^= std::byte{1};
        } else {
            damaged.resize(random() % damaged.size());
        }
        const TableFile file(damaged);
        const auto opened = TokenTable::open_blocking(file.path());
        // The header's own bytes that mean nothing may differ.
        if (opened) {
            EXPECT_EQ(opened->token_count(), built.token_count());
        } else {
            EXPECT_THAT(opened.error().message, HasSubstr("table of tokens"));
        }
    }
}

TEST(TokenTable, NoFileIsNotFound) {
    EXPECT_EQ(TokenTable::open_blocking("/nowhere/table").error().code, Code::not_found);
}

TEST(TokenTable, WhatCannotBeATableIsRefusedWithItsPlace) {
    Vocabulary vocabulary = sample();
    vocabulary.merges[7].right.clear();
    EXPECT_THAT(TokenTable::build(vocabulary).error().message, HasSubstr("merge 7"));
    vocabulary = sample();
    vocabulary.tokens[300].bytes = std::string(70'000, 'x');
    EXPECT_THAT(TokenTable::build(vocabulary).error().message, HasSubstr("token 300"));
    vocabulary = sample();
    vocabulary.begin = 900;
    EXPECT_THAT(TokenTable::build(vocabulary).error().message, HasSubstr("token 900"));
    EXPECT_EQ(TokenTable::build({}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace forebay::tokenizer
