// Rank files: what is read, and which line is at fault.
#include "tokenizer/rank_file.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace forebay::tokenizer {
namespace {

std::string base64(std::string_view bytes) {
    static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) out += i + j > bytes.size() ? '=' : digits[bits >> (18 - 6 * j) & 63];
    }
    return out;
}

// The 256 bytes, ranks 0 to 255; then `more`.
std::string file_of(const std::vector<std::string>& more = {}) {
    std::string text;
    std::size_t rank = 0;
    for (; rank < 256; ++rank) text += fmt::format("{} {}\n", base64(std::string(1, static_cast<char>(rank))), rank);
    for (const std::string& token : more) text += fmt::format("{} {}\n", base64(token), rank++);
    return text;
}

std::string error_of(std::string_view text) {
    const Result<Vocabulary> read = parse_rank_file(text, "own", {});
    EXPECT_FALSE(read);
    if (read) return "";
    EXPECT_EQ(read.error().code, Code::invalid_argument);
    return read.error().message;
}

TEST(RankFile, TokensAreReadWithTheirRanksAsIds) {
    const Result<Vocabulary> read =
        parse_rank_file(file_of({"th", "the", " a"}), "own", {.name = "mine", .splitter = ""});

    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->kind, VocabularyKind::ranks);
    EXPECT_EQ(read->name, "mine");
    EXPECT_EQ(read->splitter, "cl100k_base");
    ASSERT_EQ(read->tokens.size(), 259U);
    EXPECT_EQ(read->tokens[0x41].bytes, "A");
    EXPECT_EQ(read->tokens[0].bytes, std::string(1, '\0'));
    EXPECT_EQ(read->tokens[257].bytes, "the");
    EXPECT_EQ(read->tokens[257].kind, TokenKind::normal);
}

TEST(RankFile, AGivenSplitterIsTaken) {
    const Result<Vocabulary> read = parse_rank_file(file_of(), "own", {.name = "mine", .splitter = "qwen2"});

    ASSERT_TRUE(read);
    EXPECT_EQ(read->splitter, "qwen2");
}

TEST(RankFile, RanksMayLeaveHolesAndLinesMayEndLikeOnWindows) {
    std::string text = file_of();
    text += base64("ab") + " 300\r\n\r\n";

    const Result<Vocabulary> read = parse_rank_file(text, "own", {});

    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->tokens.size(), 301U);
    EXPECT_EQ(read->tokens[256].kind, TokenKind::unused);
    EXPECT_EQ(read->tokens[256].bytes, "");
    EXPECT_EQ(read->tokens[300].bytes, "ab");
}

TEST(RankFile, ErrorsNameTheLine) {
    const std::string file = file_of({"th"});

    EXPECT_THAT(error_of(file + "dGhl\n"), testing::HasSubstr("line 258: there is no space"));
    EXPECT_THAT(error_of(file + "dGhl 257 \n"), testing::HasSubstr("line 258: the rank is not a number"));
    EXPECT_THAT(error_of(file + "dGhl -1\n"), testing::HasSubstr("line 258: the rank is not a number"));
    EXPECT_THAT(error_of(file + "dGhl 99999999999999999999\n"), testing::HasSubstr("the rank is not a number"));
    EXPECT_THAT(error_of(file + "dGhl 16777215\n"), testing::HasSubstr("line 258: rank 16777215 is too high"));
    EXPECT_THAT(error_of(file + "dGhl 256\n"), testing::HasSubstr("line 258: rank 256 was given before, in line 257"));
    EXPECT_THAT(error_of(file + "dGg= 257\n"), testing::HasSubstr("line 258: the token was given before, in line 257"));
    EXPECT_THAT(error_of(file.substr(file.find('\n') + 1)), testing::HasSubstr("no token for the byte 0x00"));
    EXPECT_THAT(error_of(""), testing::HasSubstr("no token for the byte 0x00"));
}

TEST(RankFile, OnlyCanonicalBase64IsAToken) {
    for (const std::string_view token : {"", "=", "====", "dGh", "dGhl=", "dG=l", "dGh*", "dG h",
                                         "dGhl\xC3\xA9"
                                         "AA",
                                         "dGj=", "dGR=", "dx=="}) {
        EXPECT_THAT(error_of(file_of() + std::string(token) + " 256\n"), testing::HasSubstr("line 257")) << token;
    }
    EXPECT_TRUE(parse_rank_file(file_of() + "dGhl 256\n", "own", {}));
}

TEST(RankFile, AnEncodingHasItsSpecialTokens) {
    const auto special_of = [](std::string_view name) { return special_tokens_of(*find_rank_encoding(name)); };

    EXPECT_EQ(special_of("r50k_base").size(), 1U);
    EXPECT_EQ(special_of("p50k_edit").size(), 4U);
    EXPECT_EQ(special_of("cl100k_base").size(), 5U);
    EXPECT_EQ(special_of("o200k_base").size(), 2U);
    const std::vector<SpecialToken> harmony = special_of("o200k_harmony");
    ASSERT_EQ(harmony.size(), 1091U);
    EXPECT_EQ(harmony[8].text, "<|start|>");
    EXPECT_EQ(harmony[8].id, 200006);
    EXPECT_EQ(harmony.back().text, "<|reserved_201087|>");
    EXPECT_TRUE(std::ranges::is_sorted(harmony, {}, &SpecialToken::id));
    EXPECT_EQ(find_rank_encoding("o300k"), nullptr);
}

TEST(RankFile, AFileThatIsNotItsEncodingsIsRefused) {
    std::string text = file_of();
    for (std::size_t rank = 256; rank <= 50'256; ++rank)
        text += fmt::format("{} {}\n", base64(std::to_string(rank)), rank);

    const Result<Vocabulary> read = parse_rank_file(text, "own", {.name = "r50k_base", .splitter = ""});

    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, testing::HasSubstr("rank 50256 is that of the special token '<|endoftext|>'"));
}

TEST(RankFile, TheEncodingIsKnownByTheNameOfItsFile) {
    const std::string path = testing::TempDir() + "p50k_base.tiktoken";
    std::ofstream(path, std::ios::binary) << file_of();

    const Result<Vocabulary> read = read_rank_file_blocking(path);
    std::filesystem::remove(path);

    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, "p50k_base");
    EXPECT_EQ(read->source, path);
    EXPECT_EQ(read->end, 50256);
    EXPECT_EQ(read->tokens[50256].bytes, "<|endoftext|>");
    EXPECT_EQ(read->tokens[50256].kind, TokenKind::control);
    EXPECT_EQ(read_rank_file_blocking(path).error().code, Code::not_found);
}

}  // namespace
}  // namespace forebay::tokenizer
