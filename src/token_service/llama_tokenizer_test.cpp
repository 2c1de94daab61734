// The kinds that go through llama.cpp, on the vocabularies that it ships, and files that it would abort on.
#include "token_service/llama_tokenizer.h"

#include <gguf.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace forebay::token_service {
namespace {

using tokenizer::Specials;
using tokenizer::TokenId;
using tokenizer::TokenizerPtr;

std::string shipped(std::string_view name) {
    return fmt::format("{}/ggml-vocab-{}.gguf", FOREBAY_LLAMA_MODELS_FOLDER, name);
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<TokenId> tokens_of(const TokenizerPtr& tokenizer, std::string_view text,
                               tokenizer::EncodeOptions options = {}) {
    std::vector<TokenId> tokens;
    tokenizer->append_tokens(tokens, text, options);
    return tokens;
}

TEST(LlamaTokenizer, WordPieceGivesTheIdsThatLlamaShipsWithIt) {
    const Result<TokenizerPtr> opened = open_llama_tokenizer_blocking(shipped("bert-bge"));
    ASSERT_TRUE(opened) << opened.error().message;
    const TokenizerPtr& tokenizer = *opened;
    EXPECT_EQ(tokenizer->info().kind, "WordPiece");
    EXPECT_TRUE(tokenizer->info().adds_begin && tokenizer->info().adds_end);
    const std::string inputs = contents(shipped("bert-bge") + ".inp");
    const std::string outputs = contents(shipped("bert-bge") + ".out");
    constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
    std::size_t examples = 0, output_at = 0;
    for (std::size_t at = 0; at < inputs.size(); ++examples) {
        const std::size_t end = std::min(inputs.find(separator, at), inputs.size());
        const std::string text = inputs.substr(at, end - at);
        std::string ids;
        for (const TokenId token : tokens_of(tokenizer, text)) ids += fmt::format(" {}", token);
        const std::size_t output_end = std::min(outputs.find('\n', output_at), outputs.size());

        EXPECT_EQ(ids, outputs.substr(output_at, output_end - output_at)) << text;
        EXPECT_EQ(tokenizer->count(text), tokens_of(tokenizer, text).size());

        at = end + separator.size();
        output_at = output_end + 1;
    }
    EXPECT_GT(examples, 30U);
}

TEST(LlamaTokenizer, UnigramDecodesWhatItEncodes) {
    const Result<TokenizerPtr> opened = open_llama_tokenizer_blocking(shipped("nomic-bert-moe"));
    ASSERT_TRUE(opened) << opened.error().message;
    const TokenizerPtr& tokenizer = *opened;
    EXPECT_EQ(tokenizer->info().kind, "unigram");
    const std::string text = "Die Antwort ist 42, oder не так? 你好";
    const std::vector<TokenId> plain = tokens_of(tokenizer, text);
    const std::vector<TokenId> around =
        tokens_of(tokenizer, text, {.specials = Specials::as_text, .add_begin_end = true});

    EXPECT_EQ(tokenizer->decode(plain, Specials::as_text).value(), text);
    EXPECT_EQ(tokenizer->decode(around, Specials::as_text).value(), text);
    EXPECT_EQ(around.size(),
              plain.size() + (tokenizer->info().adds_begin ? 1U : 0U) + (tokenizer->info().adds_end ? 1U : 0U));
}

TEST(LlamaTokenizer, SpellingsOfControlTokensAreTextUnlessAskedFor) {
    const TokenizerPtr tokenizer = open_llama_tokenizer_blocking(shipped("bert-bge")).value();
    const TokenId separator = tokenizer->find("[SEP]");

    ASSERT_GE(separator, 0);
    EXPECT_TRUE(tokenizer->is_special(separator));
    EXPECT_EQ(tokenizer->bytes_of(separator), "[SEP]");
    EXPECT_EQ(tokens_of(tokenizer, "[SEP]", {.specials = Specials::as_tokens, .add_begin_end = false}),
              std::vector<TokenId>{separator});
    EXPECT_GT(tokens_of(tokenizer, "[SEP]").size(), 1U);
    EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{separator}, Specials::as_text).value(), "");
    EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{separator}, Specials::as_tokens).value(), "[SEP]");
}

TEST(LlamaTokenizer, IdsThatThereAreNoneOfAreRefused) {
    const TokenizerPtr tokenizer = open_llama_tokenizer_blocking(shipped("bert-bge")).value();

    for (const TokenId token : {-1, 1'000'000}) {
        const auto decoded = tokenizer->decode(std::vector<TokenId>{5, token}, Specials::as_text);
        ASSERT_FALSE(decoded);
        EXPECT_THAT(decoded.error().message, testing::HasSubstr(fmt::format("tokens[1] is {}", token)));
        EXPECT_EQ(tokenizer->bytes_of(token), "");
        EXPECT_FALSE(tokenizer->is_special(token));
    }
    std::vector<TokenId> tokens;
    EXPECT_EQ(tokenizer->append_with_offsets(tokens, "text").error().code, Code::unavailable);
    EXPECT_EQ(tokenizer->last_cut("two words"), 0U);
}

TEST(LlamaTokenizer, ThreadsShareIt) {
    const TokenizerPtr tokenizer = open_llama_tokenizer_blocking(shipped("nomic-bert-moe")).value();
    const std::string text = contents(shipped("bert-bge") + ".inp");
    const std::size_t expected = tokenizer->count(text);
    std::vector<std::size_t> counts(4);
    {
        std::vector<std::jthread> threads;
        for (std::size_t& count : counts) threads.emplace_back([&] { count = tokenizer->count(text); });
    }

    EXPECT_THAT(counts, testing::Each(expected));
}

// A small vocabulary of the test's own.
class OwnFile {
public:
    OwnFile(const char* model, std::vector<const char*> tokens)
        : path_(fmt::format("{}llama_{}.gguf", testing::TempDir(), ::getpid())) {
        gguf_context* file = gguf_init_empty();
        gguf_set_val_str(file, "general.architecture", "bert");
        gguf_set_val_str(file, "tokenizer.ggml.model", model);
        gguf_set_arr_str(file, "tokenizer.ggml.tokens", tokens.data(), tokens.size());
        const std::vector<std::int32_t> types(tokens.size(), 6);
        if (std::string_view(model) == "bert") {
            gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
        }
        EXPECT_TRUE(gguf_write_to_file(file, path_.c_str(), true));
        gguf_free(file);
    }
    ~OwnFile() { std::filesystem::remove(path_); }
    OwnFile(const OwnFile&) = delete;
    OwnFile& operator=(const OwnFile&) = delete;

    Error error() const {
        const Result<TokenizerPtr> opened = open_llama_tokenizer_blocking(path_);
        EXPECT_FALSE(opened);
        return opened ? Error{} : opened.error();
    }

private:
    std::string path_;
};

TEST(LlamaTokenizer, AVocabularyThatWouldEndTheProcessIsRefused) {
    EXPECT_THAT(OwnFile("t5", {"a", "b", "a"}).error().message, testing::HasSubstr("token 2 is spelled like"));
    EXPECT_THAT(OwnFile("bert", {"a", "b"}).error().message, testing::HasSubstr("no tokens for bytes"));
    EXPECT_THAT(OwnFile("rwkv", {"a", "b"}).error().message, testing::HasSubstr("end of a line"));
    EXPECT_THAT(OwnFile("test", {"a", "b"}).error().message, testing::HasSubstr("none for text"));
    EXPECT_THAT(OwnFile("other", {"a", "b"}).error().message, testing::HasSubstr("unknown tokenizer"));
    EXPECT_EQ(open_llama_tokenizer_blocking("/no/such.gguf").error().code, Code::not_found);
}

}  // namespace
}  // namespace forebay::token_service
