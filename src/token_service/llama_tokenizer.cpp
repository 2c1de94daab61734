#include "token_service/llama_tokenizer.h"

#include <llama-cpp.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/log.h"
#include "engine/gguf_check.h"
#include "engine/llama_log.h"
#include "tokenizer/gguf_metadata.h"

namespace forebay::token_service {
namespace {

using tokenizer::EncodeOptions;
using tokenizer::GgufMetadata;
using tokenizer::Offset;
using tokenizer::Specials;
using tokenizer::TokenId;
using tokenizer::TokenizerInfo;
using tokenizer::TokenizerPtr;

// llama.cpp counts bytes and tokens in 32 bits, and adds some of its own.
constexpr std::size_t call_bytes_max = std::size_t{1} << 30;
constexpr std::size_t added_tokens_max = 16;

std::string_view kind_of(enum llama_vocab_type type) {
    switch (type) {
        case LLAMA_VOCAB_TYPE_SPM: return "SentencePiece BPE";
        case LLAMA_VOCAB_TYPE_BPE: return "BPE";
        case LLAMA_VOCAB_TYPE_WPM: return "WordPiece";
        case LLAMA_VOCAB_TYPE_UGM: return "unigram";
        case LLAMA_VOCAB_TYPE_RWKV: return "RWKV";
        case LLAMA_VOCAB_TYPE_PLAMO2: return "PLaMo 2";
        default: return "";
    }
}

class LlamaTokenizer final : public tokenizer::Tokenizer {
public:
    LlamaTokenizer(llama_model_ptr model, const std::string& path)
        : model_(std::move(model)), vocab_(llama_model_get_vocab(model_.get())) {
        const bool word_piece = llama_vocab_type(vocab_) == LLAMA_VOCAB_TYPE_WPM;
        info_.kind = kind_of(llama_vocab_type(vocab_));
        info_.source = path;
        info_.vocabulary = static_cast<std::size_t>(llama_vocab_n_tokens(vocab_));
        info_.begin = llama_vocab_bos(vocab_);
        info_.end = word_piece ? llama_vocab_sep(vocab_) : llama_vocab_eos(vocab_);
        // WordPiece puts its marks around a text whatever the file says; RWKV and PLaMo 2 never do.
        const auto type = llama_vocab_type(vocab_);
        const bool never = type == LLAMA_VOCAB_TYPE_RWKV || type == LLAMA_VOCAB_TYPE_PLAMO2;
        info_.adds_begin = word_piece || (!never && llama_vocab_get_add_bos(vocab_));
        info_.adds_end = word_piece || (!never && llama_vocab_get_add_eos(vocab_));
        std::string name(256, '\0');
        const std::int32_t size = llama_model_meta_val_str(model_.get(), "general.name", name.data(), name.size());
        info_.name = size > 0 ? std::string(name.c_str()) : "";
    }

    // What the constructor cannot do, as it may fail.
    Result<void> prepare() {
        if (info_.kind.empty()) return fail(Code::invalid_argument, "'{}' has no vocabulary for text", info_.source);
        if ((info_.adds_begin && info_.begin < 0) || (info_.adds_end && info_.end < 0)) {
            return fail(Code::invalid_argument, "'{}' is to add a token at the {} of a text, but names none",
                        info_.source, info_.begin < 0 ? "beginning" : "end");
        }
        for (TokenId token = 0; static_cast<std::size_t>(token) < info_.vocabulary; ++token) {
            FOREBAY_TRY(std::string piece, piece_of(token));
            info_.token_bytes_max = std::max(info_.token_bytes_max, piece.size());
            pieces_.push_back(std::move(piece));
        }
        for (std::size_t token = 0; token < pieces_.size(); ++token) {
            if (!pieces_[token].empty()) by_text_.emplace(pieces_[token], static_cast<TokenId>(token));
        }
        return {};
    }

    const TokenizerInfo& info() const override { return info_; }

    void append_tokens(std::vector<TokenId>& out, std::string_view text, EncodeOptions options) const override {
        const std::size_t before = out.size();
        try {
            if (text.size() <= call_bytes_max && append(out, text, options)) return;
            log::error("llama.cpp cannot tokenize a text of {} bytes with the vocabulary of '{}'", text.size(),
                       info_.source);
        } catch (const std::exception& error) {
            log::error("llama.cpp cannot tokenize a text with the vocabulary of '{}': {}", info_.source, error.what());
        }
        // The most that it can be, rather than too few.
        out.resize(before);
        out.resize(before + text.size() + 2, std::max(llama_vocab_eos(vocab_), 0));
    }

    std::size_t count(std::string_view text, EncodeOptions options) const override {
        std::vector<TokenId> tokens;
        append_tokens(tokens, text, options);
        return tokens.size();
    }

    Result<std::vector<Offset>> append_with_offsets(std::vector<TokenId>&, std::string_view,
                                                    EncodeOptions) const override {
        return fail(Code::unavailable, "the places of tokens are not known for a vocabulary of this kind ({})",
                    info_.kind);
    }

    std::string_view bytes_of(TokenId token) const override {
        return has(token) ? std::string_view(pieces_[static_cast<std::size_t>(token)]) : std::string_view();
    }

    bool is_special(TokenId token) const override {
        constexpr int special = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN;
        return has(token) && (llama_vocab_get_attr(vocab_, token) & special) != 0;
    }

    TokenId find(std::string_view bytes) const override {
        const auto found = by_text_.find(bytes);
        return found == by_text_.end() ? -1 : found->second;
    }

    Result<std::string> decode(std::span<const TokenId> tokens, Specials specials) const override {
        std::size_t bytes = added_tokens_max;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (!has(tokens[i])) {
                return fail(Code::invalid_argument, "tokens[{}] is {}, and '{}' has ids from 0 to {}", i, tokens[i],
                            info_.name, info_.vocabulary - 1);
            }
            bytes += pieces_[static_cast<std::size_t>(tokens[i])].size();
        }
        if (bytes > call_bytes_max) return fail(Code::too_large, "a text of {} bytes is too long for llama.cpp", bytes);
        std::string text(bytes, '\0');
        const bool spelled = specials == Specials::as_tokens;
        // llama.cpp takes the space before a text off the first token only, even if that is the one to begin with.
        if (!spelled && info_.adds_begin && !tokens.empty() && tokens[0] == info_.begin) tokens = tokens.subspan(1);
        const std::int32_t size = llama_detokenize(vocab_, tokens.data(), static_cast<std::int32_t>(tokens.size()),
                                                   text.data(), static_cast<std::int32_t>(text.size()), false, spelled);
        if (size < 0) return fail(Code::internal, "llama.cpp needs {} bytes for a text of {}", -size, bytes);
        text.resize(static_cast<std::size_t>(size));
        return text;
    }

    std::size_t last_cut(std::string_view, EncodeOptions) const override { return 0; }

private:
    bool has(TokenId token) const { return token >= 0 && static_cast<std::size_t>(token) < pieces_.size(); }

    Result<std::string> piece_of(TokenId token) const {
        std::string piece(64, '\0');
        const auto call = [&] {
            return llama_token_to_piece(vocab_, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, true);
        };
        try {
            std::int32_t size = call();
            if (size < 0) {
                piece.resize(static_cast<std::size_t>(-size));
                size = call();
            }
            piece.resize(static_cast<std::size_t>(std::max(size, 0)));
            return piece;
        } catch (const std::exception& error) {
            return fail(Code::invalid_argument, "'{}': token {} has no text: {}", info_.source, token, error.what());
        }
    }

    bool append(std::vector<TokenId>& out, std::string_view text, EncodeOptions options) const {
        const std::size_t before = out.size();
        const auto call = [&](std::size_t room) {
            out.resize(before + room);
            return llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()), out.data() + before,
                                  static_cast<std::int32_t>(room), options.add_begin_end,
                                  options.specials == Specials::as_tokens);
        };
        std::int32_t count = call(text.size() / 2 + added_tokens_max);
        // As many as there are, negative, where there was too little room; the lowest number: too many for it.
        if (count < 0 && count != std::numeric_limits<std::int32_t>::min())
            count = call(static_cast<std::size_t>(-count));
        if (count < 0) return false;
        out.resize(before + static_cast<std::size_t>(count));
        return true;
    }

    llama_model_ptr model_;
    const llama_vocab* vocab_;
    TokenizerInfo info_;
    std::vector<std::string> pieces_;
    std::unordered_map<std::string_view, TokenId> by_text_;  // views of pieces_
};

std::unexpected<Error> refused(const std::string& path, std::string_view why) {
    return fail(Code::invalid_argument, "the vocabulary of model file '{}' cannot be used: {}", path, why);
}

// What llama.cpp would abort the process for.
Result<void> check_vocabulary_blocking(const std::string& path) {
    FOREBAY_TRY(const GgufMetadata metadata, GgufMetadata::read_blocking(path, {"tokenizer.ggml."}));
    FOREBAY_TRY(const std::string* model, metadata.find<std::string>("tokenizer.ggml.model"));
    FOREBAY_TRY(const auto* tokens, metadata.find<std::vector<std::string>>("tokenizer.ggml.tokens"));
    FOREBAY_TRY(const auto* types, metadata.find<std::vector<std::int32_t>>("tokenizer.ggml.token_type"));
    if (model == nullptr || tokens == nullptr || tokens->empty()) return refused(path, "there is none");
    if (*model == "test" || *model == "none" || *model == "no_vocab") return refused(path, "it is none for text");
    constexpr std::int32_t byte_type = 6;
    if (*model == "bert" && types != nullptr && std::ranges::find(*types, byte_type) != types->end()) {
        return refused(path, "WordPiece has no tokens for bytes");
    }
    std::unordered_set<std::string> spellings;
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        std::string spelling((*tokens)[i].c_str());
        if (spelling.empty()) spelling = fmt::format("[EMPTY_{}]", i);
        if (!spellings.insert(std::move(spelling)).second) {
            return refused(path, fmt::format("token {} is spelled like one before it", i));
        }
    }
    const bool has_line_end = spellings.contains("\\n") || spellings.contains("\n");
    if (*model == "rwkv" && !has_line_end) return refused(path, "it has no token for the end of a line");
    return {};
}

}  // namespace

Result<TokenizerPtr> open_llama_tokenizer_blocking(const std::string& path) {
    engine::install_llama_log();
    FOREBAY_TRY_VOID(engine::check_gguf_blocking(path));
    FOREBAY_TRY_VOID(check_vocabulary_blocking(path));
    llama_model_params parameters = llama_model_default_params();
    parameters.vocab_only = true;
    parameters.n_gpu_layers = 0;
    const engine::LlamaErrors errors;
    llama_model_ptr model;
    try {
        model.reset(llama_model_load_from_file(path.c_str(), parameters));
    } catch (const std::exception& error) {
        return refused(path, error.what());
    }
    if (!model) return refused(path, errors.first());
    auto opened = std::make_shared<LlamaTokenizer>(std::move(model), path);
    FOREBAY_TRY_VOID(opened->prepare());
    return TokenizerPtr(std::move(opened));
}

}  // namespace forebay::token_service
