// Vocabularies in GGUF files: what llama.cpp says of each shipped one, token by token; and damaged files.
#include "tokenizer/gguf_tokenizer.h"

#include <gguf.h>
#include <gmock/gmock.h>
#include <llama-cpp.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tokenizer/gguf_metadata.h"

namespace forebay::tokenizer {
namespace {

std::string shipped(std::string_view name) {
    return fmt::format("{}/ggml-vocab-{}.gguf", FOREBAY_LLAMA_MODELS_FOLDER, name);
}

llama_model_ptr open_with_llama(const std::string& path) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params parameters = llama_model_default_params();
    parameters.vocab_only = true;
    parameters.n_gpu_layers = 0;
    return llama_model_ptr(llama_model_load_from_file(path.c_str(), parameters));
}

std::string piece_of(const llama_vocab* vocab, llama_token token) {
    std::string piece(512, '\0');
    const auto size =
        llama_token_to_piece(vocab, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, true);
    EXPECT_GE(size, 0);
    piece.resize(static_cast<std::size_t>(std::max(size, 0)));
    return piece;
}

TokenKind kind_of(llama_token_attr attributes) {
    if (attributes & LLAMA_TOKEN_ATTR_CONTROL) return TokenKind::control;
    if (attributes & LLAMA_TOKEN_ATTR_UNKNOWN) return TokenKind::unknown;
    if (attributes & LLAMA_TOKEN_ATTR_USER_DEFINED) return TokenKind::user_defined;
    if (attributes & LLAMA_TOKEN_ATTR_BYTE) return TokenKind::byte;
    if (attributes & LLAMA_TOKEN_ATTR_NORMAL) return TokenKind::normal;
    return TokenKind::unused;
}

// As bytes that stand for themselves in a text.
std::string unmarked(std::string text) {
    for (std::size_t at = 0; (at = text.find("▁", at)) != std::string::npos;) text.replace(at, 3, " ");
    return text;
}

class ShippedVocabulary : public testing::TestWithParam<std::string_view> {};

TEST_P(ShippedVocabulary, IsReadAsLlamaReadsIt) {
    const std::string path = shipped(GetParam());
    const llama_model_ptr model = open_with_llama(path);
    ASSERT_TRUE(model);
    const llama_vocab* vocab = llama_model_get_vocab(model.get());

    const Result<Vocabulary> read = read_gguf_vocabulary_blocking(path);

    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(static_cast<std::int32_t>(read->tokens.size()), llama_vocab_n_tokens(vocab));
    EXPECT_EQ(read->begin, llama_vocab_bos(vocab));
    EXPECT_EQ(read->end, llama_vocab_eos(vocab));
    EXPECT_EQ(read->add_begin, llama_vocab_get_add_bos(vocab));
    EXPECT_EQ(read->add_end, llama_vocab_get_add_eos(vocab));
    for (TokenId id = 0; id < llama_vocab_n_tokens(vocab); ++id) {
        const Token& token = read->tokens[static_cast<std::size_t>(id)];
        const llama_token_attr attributes = llama_vocab_get_attr(vocab, id);
        // One that no text can become; llama.cpp has an error message for its text.
        const bool unspelled = token.kind == TokenKind::unused && piece_of(vocab, id).starts_with("[UNK_BYTE_0x");
        if (!unspelled) ASSERT_EQ(token.kind, kind_of(attributes)) << id << ' ' << llama_vocab_get_text(vocab, id);
        ASSERT_EQ(token.strip_left, (attributes & LLAMA_TOKEN_ATTR_LSTRIP) != 0) << id;
        ASSERT_EQ(token.strip_right, (attributes & LLAMA_TOKEN_ATTR_RSTRIP) != 0) << id;
        const bool marks = read->spaces_are_marks && token.kind == TokenKind::normal;
        if (token.kind != TokenKind::unused) {
            ASSERT_EQ(marks ? unmarked(token.bytes) : token.bytes, piece_of(vocab, id)) << id;
        }
        if (read->kind == VocabularyKind::sentence_piece) {
            ASSERT_EQ(token.score, llama_vocab_get_score(vocab, id)) << id;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Gguf, ShippedVocabulary,
                         testing::Values("aquila", "baichuan", "command-r", "deepseek-coder", "deepseek-llm", "falcon",
                                         "gemma-4", "gpt-2", "gpt-neox", "llama-bpe", "llama-spm", "mpt", "phi-3",
                                         "qwen2", "qwen35", "refact", "starcoder"),
                         [](const auto& parameter) {
                             std::string name(parameter.param);
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(GgufTokenizer, WordPieceAndUnigramAreSaidNotToBeBuiltIn) {
    for (const std::string_view name : {"bert-bge", "nomic-bert-moe"}) {
        const Result<Vocabulary> read = read_gguf_vocabulary_blocking(shipped(name));

        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Code::unavailable) << read.error().message;
        EXPECT_THAT(read.error().message, testing::HasSubstr("no built-in tokenizer"));
    }
}

// A GGUF file of the test's own in its temporary folder, gone again with it.
class OwnFile {
public:
    OwnFile() : context_(gguf_init_empty()), path_(fmt::format("{}/own_{}.gguf", testing::TempDir(), ::getpid())) {
        gguf_set_val_str(context_, "general.name", "own");
        gguf_set_val_str(context_, "tokenizer.ggml.model", "gpt2");
        gguf_set_val_str(context_, "tokenizer.ggml.pre", "qwen2");
        gguf_set_val_str(context_, "tokenizer.chat_template", "{% for message in messages %}{% endfor %}");
        set_tokens({"a", "b", "c", "ab", "Ġ", "<|im_end|>", "<fim_prefix>", "<PRE>", "Ġab"});
        set_texts("tokenizer.ggml.merges", {"a b", "Ġ ab"});
        const std::array<float, 3> numbers = {1, 2, 3};
        gguf_set_arr_data(context_, "other.numbers", GGUF_TYPE_FLOAT32, numbers.data(), numbers.size());
    }
    ~OwnFile() {
        gguf_free(context_);
        std::filesystem::remove(path_);
    }
    OwnFile(const OwnFile&) = delete;
    OwnFile& operator=(const OwnFile&) = delete;

    void set_texts(const char* key, const std::vector<std::string>& texts) {
        std::vector<const char*> pointers;
        for (const std::string& text : texts) pointers.push_back(text.c_str());
        gguf_set_arr_str(context_, key, pointers.data(), pointers.size());
    }
    void set_tokens(const std::vector<std::string>& tokens) {
        set_texts("tokenizer.ggml.tokens", tokens);
        const std::vector<std::int32_t> types(tokens.size(), 1);
        gguf_set_arr_data(context_, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
    }
    gguf_context* context() { return context_; }

    std::string bytes() const {
        EXPECT_TRUE(gguf_write_to_file(context_, path_.c_str(), true));
        std::ifstream file(path_, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }
    Result<Vocabulary> read() const { return read(bytes()); }
    Result<Vocabulary> read(std::string_view bytes) const {
        std::ofstream(path_, std::ios::binary) << bytes;
        return read_gguf_vocabulary_blocking(path_);
    }
    const std::string& path() const { return path_; }

private:
    gguf_context* context_;
    std::string path_;
};

TEST(GgufTokenizer, SpellingsOfBytesAreUndoneExceptInSpecialTokens) {
    OwnFile file;
    file.set_tokens({"Ġ", "Ċ", "<|im_end|>", "Ġthe"});

    const Result<Vocabulary> read = file.read();

    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->tokens[0].bytes, " ");
    EXPECT_EQ(read->tokens[1].bytes, "\n");
    EXPECT_EQ(read->tokens[2].bytes, "<|im_end|>");
    EXPECT_EQ(read->tokens[2].kind, TokenKind::control);
    EXPECT_EQ(read->tokens[3].bytes, " the");
    ASSERT_EQ(read->merges.size(), 2U);
    EXPECT_EQ(read->merges[1].left, " ");
    EXPECT_EQ(read->merges[1].right, "ab");
}

TEST(GgufTokenizer, TokensThatLlamaChangesByTheirSpellingAreChanged) {
    const auto same_as_llama = [](const OwnFile& file) {
        const Result<Vocabulary> read = file.read();
        ASSERT_TRUE(read) << read.error().message;
        const llama_model_ptr model = open_with_llama(file.path());
        ASSERT_TRUE(model);
        const llama_vocab* vocab = llama_model_get_vocab(model.get());
        for (TokenId id = 0; id < llama_vocab_n_tokens(vocab); ++id) {
            EXPECT_EQ(read->tokens[static_cast<std::size_t>(id)].kind, kind_of(llama_vocab_get_attr(vocab, id)))
                << llama_vocab_get_text(vocab, id);
        }
    };
    OwnFile file;
    gguf_set_val_str(file.context(), "general.architecture", "llama");
    std::vector<std::string> names = {"a",     "b",     "ab",   "<fim_prefix>", "<PRE>", "<|code_prefix|>",
                                      "<SUF>", "<PAD>", "[PAD]"};
    for (const auto& more : {std::vector<std::string>{"<|call|>", "<|end|>"},
                             {"<|return|>", "<|channel|>"},
                             {"<|tool_response>", "</s>"},
                             {"<REPO>", "<reponame>"}}) {
        names.insert(names.end(), more.begin(), more.end());
        file.set_tokens(names);
        same_as_llama(file);
    }
    gguf_set_val_u32(file.context(), "tokenizer.ggml.fim_pre_token_id", 4);
    same_as_llama(file);
}

TEST(GgufTokenizer, WhatIsMissingIsNamed) {
    OwnFile file;
    gguf_remove_key(file.context(), "tokenizer.ggml.merges");
    EXPECT_THAT(file.read().error().message, testing::HasSubstr("tokenizer.ggml.merges"));

    gguf_set_val_str(file.context(), "tokenizer.ggml.pre", "no-such");
    EXPECT_EQ(file.read().error().code, Code::unavailable);
    EXPECT_THAT(file.read().error().message, testing::HasSubstr("'no-such'"));

    gguf_remove_key(file.context(), "tokenizer.ggml.model");
    EXPECT_THAT(file.read().error().message, testing::HasSubstr("no tokenizer"));
    EXPECT_EQ(read_gguf_vocabulary_blocking("/no/such/file.gguf").error().code, Code::not_found);
}

TEST(GgufTokenizer, AFileCutShortAnywhereIsRefused) {
    const OwnFile file;
    const std::string bytes = file.bytes();
    ASSERT_TRUE(file.read(bytes));

    // The metadata ends in padding, without which it is whole too.
    const std::size_t end = bytes.find_last_not_of('\0');
    for (std::size_t size = 0; size < end; ++size) {
        const Result<Vocabulary> read = file.read(std::string_view(bytes).substr(0, size));
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().code, Code::invalid_argument) << read.error().message;
    }
}

TEST(GgufTokenizer, AFileWithBytesChangedIsReadOrRefused) {
    const OwnFile file;
    const std::string bytes = file.bytes();
    std::size_t refused = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string changed = bytes;
        changed[at] = at % 2 == 0 ? '\xFF' : '\x01';
        refused += !file.read(changed);
    }
    EXPECT_GT(refused, bytes.size() / 3);
}

TEST(GgufTokenizer, AShippedFileCutShortInItsMetadataIsRefused) {
    std::ifstream source(shipped("qwen2"), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(source), {});
    const OwnFile file;
    std::mt19937_64 random(5);
    for (int round = 0; round < 40; ++round) {
        const std::size_t size = random() % (bytes.size() - 256);
        const Result<Vocabulary> read = file.read(std::string_view(bytes).substr(0, size));
        ASSERT_FALSE(read) << size;
        EXPECT_THAT(read.error().message, testing::HasSubstr(size < 4 ? "not a GGUF" : "damaged or truncated"));
    }
}

TEST(GgufMetadata, CountsThatNoFileCanHoldAreRefused) {
    const OwnFile file;
    std::string bytes = file.bytes();
    const std::size_t tokens = bytes.find("tokenizer.ggml.tokens") + 21;
    for (const std::size_t place : {std::size_t{16}, tokens + 8, tokens + 16}) {  // keys, tokens, bytes of the first
        std::string huge = bytes;
        huge.replace(place, 8, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F");
        const Result<Vocabulary> read = file.read(huge);
        ASSERT_FALSE(read);
        EXPECT_THAT(read.error().message, testing::HasSubstr("damaged or truncated")) << place;
    }
}

}  // namespace
}  // namespace forebay::tokenizer
