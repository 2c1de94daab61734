#include "tokenizer/llama_vocabulary.h"

#include <gguf.h>
#include <gtest/gtest.h>
#include <llama.h>
#include <unistd.h>

#include <cstdio>
#include <unordered_map>

namespace forebay::tokenizer {
namespace {

struct FreeGguf {
    void operator()(gguf_context* context) const { gguf_free(context); }
};

enum TokenKind : std::int32_t { normal = 1, control = 3 };  // GGUF's numbers

void set_strings(gguf_context* file, const char* key, const std::vector<std::string>& strings) {
    std::vector<const char*> pointers;
    for (const std::string& string : strings) pointers.push_back(string.c_str());
    gguf_set_arr_str(file, key, pointers.data(), pointers.size());
}

void write_vocabulary(const BpeVocabulary& vocabulary, const std::string& path) {
    const std::size_t ordinary = vocabulary.tokens.size() - vocabulary.control.size();
    std::vector<std::string> tokens;
    std::vector<std::int32_t> kinds;
    for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
        tokens.push_back(vocabulary.printable(static_cast<TokenId>(i)));
        kinds.push_back(i < ordinary ? normal : control);
    }
    std::vector<std::string> merges;
    for (const auto& [left, right] : vocabulary.merges) {
        merges.push_back(vocabulary.printable(left) + " " + vocabulary.printable(right));
    }
    const std::unique_ptr<gguf_context, FreeGguf> file(gguf_init_empty());
    gguf_set_val_str(file.get(), "general.architecture", "llama");
    gguf_set_val_str(file.get(), "tokenizer.ggml.model", "gpt2");
    gguf_set_val_str(file.get(), "tokenizer.ggml.pre", vocabulary.pre_tokenizer.c_str());
    set_strings(file.get(), "tokenizer.ggml.tokens", tokens);
    gguf_set_arr_data(file.get(), "tokenizer.ggml.token_type", GGUF_TYPE_INT32, kinds.data(), kinds.size());
    set_strings(file.get(), "tokenizer.ggml.merges", merges);
    gguf_set_val_u32(file.get(), "tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(tokens.size() - 1));
    gguf_set_val_u32(file.get(), "tokenizer.ggml.padding_token_id", static_cast<std::uint32_t>(ordinary));
    ASSERT_TRUE(gguf_write_to_file(file.get(), path.c_str(), true));
}

// The characters that stand for bytes, as `printable` spells them.
std::string bytes_of_spelling(std::string_view spelling, const std::unordered_map<std::string, char>& byte_of) {
    std::string bytes;
    while (!spelling.empty()) {
        const std::size_t size = static_cast<unsigned char>(spelling[0]) < 0x80 ? 1 : 2;
        bytes += byte_of.at(std::string(spelling.substr(0, size)));
        spelling.remove_prefix(size);
    }
    return bytes;
}

std::vector<std::string> strings_of(const gguf_context* file, const char* key) {
    const std::int64_t id = gguf_find_key(file, key);
    std::vector<std::string> strings;
    for (std::size_t i = 0; i < gguf_get_arr_n(file, id); ++i) strings.emplace_back(gguf_get_arr_str(file, id, i));
    return strings;
}

}  // namespace

void LlamaVocabulary::Free::operator()(llama_model* model) const { llama_model_free(model); }

LlamaVocabulary::LlamaVocabulary(llama_model* model) : model_(model) {}
LlamaVocabulary::~LlamaVocabulary() = default;

LlamaVocabulary LlamaVocabulary::in_file(const std::string& path) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    llama_model* model = llama_model_load_from_file(path.c_str(), params);
    FOREBAY_CHECK(model != nullptr);
    return LlamaVocabulary(model);
}

LlamaVocabulary LlamaVocabulary::of(const BpeVocabulary& vocabulary) {
    std::string path = testing::TempDir() + "vocabulary-XXXXXX";
    const int file = mkstemp(path.data());
    FOREBAY_CHECK(file >= 0);
    close(file);
    write_vocabulary(vocabulary, path);
    LlamaVocabulary opened = in_file(path);
    std::remove(path.c_str());
    return opened;
}

std::vector<TokenId> LlamaVocabulary::tokens_of(std::string_view text, bool with_control) const {
    std::vector<TokenId> tokens(3 * text.size() + 1);  // U+FFFD for an invalid byte has three
    const int count = llama_tokenize(llama_model_get_vocab(model_.get()), text.data(), static_cast<int>(text.size()),
                                     tokens.data(), static_cast<int>(tokens.size()), false, with_control);
    FOREBAY_CHECK(count >= 0);
    tokens.resize(static_cast<std::size_t>(count));
    return tokens;
}

std::string LlamaVocabulary::text_of(const std::vector<TokenId>& tokens) const {
    std::string text;
    std::string piece(4096, '\0');
    for (const TokenId token : tokens) {
        const int size = llama_token_to_piece(llama_model_get_vocab(model_.get()), token, piece.data(),
                                              static_cast<int>(piece.size()), 0, false);
        FOREBAY_CHECK(size >= 0);
        text.append(piece, 0, static_cast<std::size_t>(size));
    }
    return text;
}

bool LlamaVocabulary::adds_begin_or_end() const {
    const llama_vocab* vocabulary = llama_model_get_vocab(model_.get());
    return llama_vocab_get_add_bos(vocabulary) || llama_vocab_get_add_eos(vocabulary);
}

TokenId LlamaVocabulary::end() const { return llama_vocab_eos(llama_model_get_vocab(model_.get())); }

BpeVocabulary read_gguf_vocabulary(const std::string& path) {
    const std::unique_ptr<gguf_context, FreeGguf> file(gguf_init_from_file(path.c_str(), {true, nullptr}));
    FOREBAY_CHECK(file != nullptr);
    const std::vector<std::string> spellings = strings_of(file.get(), "tokenizer.ggml.tokens");
    const std::vector<std::string> merges = strings_of(file.get(), "tokenizer.ggml.merges");
    BpeVocabulary vocabulary;
    const BpeVocabulary bytes = *train_bpe(std::vector<std::string_view>{"x"}, {.vocabulary = 256});
    std::unordered_map<std::string, char> byte_of;
    for (TokenId i = 0; i < 256; ++i) byte_of[bytes.printable(i)] = bytes.tokens[static_cast<std::size_t>(i)][0];

    std::unordered_map<std::string, TokenId> id_of;
    for (std::size_t i = 0; i < spellings.size(); ++i) {
        id_of.emplace(spellings[i], static_cast<TokenId>(i));
        if (i < 256 + merges.size()) {
            vocabulary.tokens.push_back(bytes_of_spelling(spellings[i], byte_of));
        } else {
            vocabulary.tokens.push_back(spellings[i]);
            vocabulary.control.push_back(spellings[i]);
        }
    }
    for (const std::string& merge : merges) {
        const std::size_t space = merge.find(' ', 1);
        vocabulary.merges.emplace_back(id_of.at(merge.substr(0, space)), id_of.at(merge.substr(space + 1)));
    }
    return vocabulary;
}

}  // namespace forebay::tokenizer
