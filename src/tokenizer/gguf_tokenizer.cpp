#include "tokenizer/gguf_tokenizer.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "tokenizer/byte_level.h"
#include "tokenizer/gguf_metadata.h"
#include "tokenizer/gguf_special_names.h"
#include "tokenizer/splitter.h"

namespace forebay::tokenizer {
namespace {

// What follows from the name of a pre-tokenizer, where it is not what most have.
struct PreTokenizer {
    std::string_view name;
    bool whole_pieces_first = false;
    bool add_begin = false;
    bool no_begin = false;    // no token begins a text, unless the file names one
    bool characters = false;  // merges over characters, with "▁" for " "
};
constexpr PreTokenizer pre_tokenizers[] = {
    {.name = "minicpm5", .whole_pieces_first = true},
    {.name = "llama3", .whole_pieces_first = true, .add_begin = true},
    {.name = "llama-v3", .whole_pieces_first = true, .add_begin = true},
    {.name = "llama-bpe", .whole_pieces_first = true, .add_begin = true},
    {.name = "falcon3", .whole_pieces_first = true, .add_begin = true},
    {.name = "falcon-h1", .whole_pieces_first = true, .add_begin = true},
    {.name = "pixtral", .whole_pieces_first = true, .add_begin = true},
    {.name = "midm-2.0", .whole_pieces_first = true, .add_begin = true},
    {.name = "lfm2", .whole_pieces_first = true, .add_begin = true},
    {.name = "jina-v5-nano", .whole_pieces_first = true, .add_begin = true},
    {.name = "youtu", .whole_pieces_first = true},
    {.name = "tekken", .whole_pieces_first = true, .add_begin = true},
    {.name = "granite-embed-multi-97m", .whole_pieces_first = true},
    {.name = "chameleon", .add_begin = true},
    {.name = "glm4", .no_begin = true},
    {.name = "chatglm-bpe", .no_begin = true},
    {.name = "gemma4", .characters = true},
    {.name = "granite-embed-multi-311m", .characters = true},
    {.name = "sarvam-moe", .characters = true},
};

const PreTokenizer& pre_tokenizer_of(std::string_view name) {
    static constexpr PreTokenizer usual;
    const auto found = std::ranges::find(pre_tokenizers, name, &PreTokenizer::name);
    return found == std::end(pre_tokenizers) ? usual : *found;
}

// llama_token_type, as the file has it.
TokenKind kind_of(std::int32_t type) {
    switch (type) {
        case 1: return TokenKind::normal;
        case 2: return TokenKind::unknown;
        case 3: return TokenKind::control;
        case 4: return TokenKind::user_defined;
        case 6: return TokenKind::byte;
        default: return TokenKind::unused;
    }
}

bool is_special(TokenKind kind) {
    return kind == TokenKind::control || kind == TokenKind::unknown || kind == TokenKind::user_defined;
}

class GgufTokenizer {
public:
    explicit GgufTokenizer(GgufMetadata metadata) : metadata_(std::move(metadata)) {}

    Result<Vocabulary> read() && {
        FOREBAY_TRY(const std::string model, text("tokenizer.ggml.model"));
        if (model.empty()) {
            return fail(Code::invalid_argument, "model file '{}' has no tokenizer in it", metadata_.path());
        }
        FOREBAY_TRY(const std::string name, text("general.name"));
        vocabulary_.name = name;
        vocabulary_.source = metadata_.path();
        FOREBAY_TRY_VOID(choose_kind(model));
        FOREBAY_TRY_VOID(read_spellings());
        FOREBAY_TRY_VOID(make_tokens());
        if (vocabulary_.kind != VocabularyKind::sentence_piece) FOREBAY_TRY_VOID(read_merges());
        FOREBAY_TRY_VOID(read_ids());
        FOREBAY_TRY_VOID(read_flags());
        FOREBAY_TRY_VOID(strip_around());
        return std::move(vocabulary_);
    }

private:
    template <class... Args>
    std::unexpected<Error> not_built_in(fmt::format_string<Args...> what, Args&&... args) const {
        return fail(Code::unavailable, "model file '{}': {}", metadata_.path(),
                    fmt::format(what, std::forward<Args>(args)...));
    }

    Result<std::string> text(std::string_view key) const {
        FOREBAY_TRY(const std::string* found, metadata_.find<std::string>(key));
        // llama.cpp reads texts as C strings.
        return found == nullptr ? std::string() : std::string(found->c_str());
    }

    Result<bool> flag(std::string_view key, bool otherwise) const {
        FOREBAY_TRY(const bool* found, metadata_.find<bool>(key));
        return found == nullptr ? otherwise : *found;
    }

    // An id that the file names, or `otherwise`; what the vocabulary does not have counts as not named.
    Result<TokenId> id(std::string_view key, TokenId otherwise) const {
        const auto exists = [this](std::int64_t id) { return id >= 0 && std::cmp_less(id, vocabulary_.tokens.size()); };
        if (!exists(otherwise)) otherwise = -1;
        FOREBAY_TRY(const std::int64_t* found, metadata_.find<std::int64_t>(key));
        return found != nullptr && exists(*found) ? static_cast<TokenId>(*found) : otherwise;
    }

    Result<void> choose_kind(const std::string& model) {
        if (model == "llama") {
            vocabulary_.kind = VocabularyKind::sentence_piece;
            vocabulary_.spaces_are_marks = true;
            return {};
        }
        if (model != "gpt2" && model != "gemma4") {
            return not_built_in("no built-in tokenizer for its kind, '{}'", model);
        }
        FOREBAY_TRY(const std::string pre, text("tokenizer.ggml.pre"));
        named_only_ = model == "gemma4";
        vocabulary_.splitter = named_only_ ? "gemma4" : pre.empty() ? "default" : pre;
        if (!find_splitter(vocabulary_.splitter)) {
            return not_built_in("its pre-tokenizer '{}' is not known", vocabulary_.splitter);
        }
        const PreTokenizer& row = pre_tokenizer_of(vocabulary_.splitter);
        vocabulary_.kind = row.characters ? VocabularyKind::text_merges : VocabularyKind::byte_merges;
        vocabulary_.spaces_are_marks = row.characters;
        vocabulary_.whole_pieces_first = row.whole_pieces_first;
        if (!metadata_.contains("tokenizer.ggml.merges")) {
            if (pre == "kimi-k2") return not_built_in("it has no merge list");
            return fail(Code::invalid_argument, "model file '{}' has no merge list (tokenizer.ggml.merges)",
                        metadata_.path());
        }
        return {};
    }

    Result<void> read_spellings() {
        FOREBAY_TRY(const std::vector<std::string>* list,
                    metadata_.find<std::vector<std::string>>("tokenizer.ggml.tokens"));
        if (list == nullptr || list->empty()) {
            return fail(Code::invalid_argument, "model file '{}' has no list of tokens (tokenizer.ggml.tokens)",
                        metadata_.path());
        }
        spellings_.reserve(list->size());
        for (const std::string& token : *list) {
            spellings_.emplace_back(token.c_str());
            if (spellings_.back().empty()) spellings_.back() = fmt::format("[EMPTY_{}]", spellings_.size() - 1);
        }
        return {};
    }

    template <class T>
    Result<std::span<const T>> per_token(std::string_view key) const {
        FOREBAY_TRY(const std::vector<T>* list, metadata_.find<std::vector<T>>(key));
        if (list == nullptr) return std::span<const T>();
        if (list->size() < spellings_.size()) {
            return fail(Code::invalid_argument, "model file '{}': '{}' has {} entries for {} tokens", metadata_.path(),
                        key, list->size(), spellings_.size());
        }
        return std::span<const T>(*list);
    }

    Result<void> make_tokens() {
        FOREBAY_TRY(const std::span<const std::int32_t> types, per_token<std::int32_t>("tokenizer.ggml.token_type"));
        vocabulary_.tokens.resize(spellings_.size());
        for (std::size_t i = 0; i < spellings_.size(); ++i) {
            vocabulary_.tokens[i].kind = types.empty() ? TokenKind::normal : kind_of(types[i]);
            FOREBAY_TRY_VOID(set_bytes(i));
        }
        if (vocabulary_.kind != VocabularyKind::sentence_piece) return {};
        if (metadata_.find<std::vector<std::int32_t>>("tokenizer.ggml.scores")) {
            return set_scores<std::int32_t>();
        }
        return set_scores<float>();
    }

    template <class T>
    Result<void> set_scores() {
        FOREBAY_TRY(const std::span<const T> scores, per_token<T>("tokenizer.ggml.scores"));
        for (std::size_t i = 0; i < spellings_.size() && !scores.empty(); ++i) {
            vocabulary_.tokens[i].score = static_cast<float>(scores[i]);
        }
        return {};
    }

    Result<void> set_bytes(std::size_t i) {
        Token& token = vocabulary_.tokens[i];
        const std::string& spelling = spellings_[i];
        token.bytes = spelling;
        if (is_special(token.kind)) return {};
        const bool over_bytes = vocabulary_.kind == VocabularyKind::byte_merges;
        const std::optional<char> byte = byte_spelled(spelling);
        // Over characters, bytes are looked up by this spelling, whatever their type.
        if (token.kind == TokenKind::byte || (!over_bytes && byte)) {
            if (!byte) {
                return fail(Code::invalid_argument, "model file '{}': token {} is a byte, but is spelled '{}'",
                            metadata_.path(), i, spelling);
            }
            token.kind = TokenKind::byte;
            token.bytes = std::string(1, *byte);
        } else if (over_bytes) {
            if (std::optional<std::string> bytes = bytes_spelled(spelling)) {
                token.bytes = *std::move(bytes);
            } else {
                // No text is made of such characters.
                token.kind = TokenKind::unused;
            }
        }
        return {};
    }

    Result<void> read_merges() {
        FOREBAY_TRY(const std::vector<std::string>* list,
                    metadata_.find<std::vector<std::string>>("tokenizer.ggml.merges"));
        const bool over_bytes = vocabulary_.kind == VocabularyKind::byte_merges;
        vocabulary_.merges.reserve(list->size());
        for (const std::string& entry : *list) {
            const std::string_view merge = entry.c_str();
            const std::size_t space = merge.find(' ', 1);
            if (space == std::string_view::npos || space + 1 == merge.size()) continue;  // joins nothing
            const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
            if (!over_bytes) {
                vocabulary_.merges.push_back({std::string(left), std::string(right)});
                continue;
            }
            std::optional<std::string> left_bytes = bytes_spelled(left), right_bytes = bytes_spelled(right);
            if (left_bytes && right_bytes)
                vocabulary_.merges.push_back({*std::move(left_bytes), *std::move(right_bytes)});
        }
        return {};
    }

    Result<void> read_ids() {
        const bool sentence_piece = vocabulary_.kind == VocabularyKind::sentence_piece;
        const bool no_begin = named_only_ || pre_tokenizer_of(vocabulary_.splitter).no_begin;
        const TokenId begin = sentence_piece ? 1 : no_begin ? -1 : 11;
        const TokenId end = sentence_piece ? 2 : named_only_ ? -1 : 11;
        FOREBAY_TRY(vocabulary_.begin, id("tokenizer.ggml.bos_token_id", begin));
        FOREBAY_TRY(vocabulary_.end, id("tokenizer.ggml.eos_token_id", end));
        FOREBAY_TRY(vocabulary_.unknown, id("tokenizer.ggml.unknown_token_id", sentence_piece ? 0 : -1));

        FillInTokens named;
        FOREBAY_TRY(named.prefix, id("tokenizer.ggml.fim_pre_token_id", -1));
        FOREBAY_TRY(named.suffix, id("tokenizer.ggml.fim_suf_token_id", -1));
        FOREBAY_TRY(named.middle, id("tokenizer.ggml.fim_mid_token_id", -1));
        FOREBAY_TRY(named.pad, id("tokenizer.ggml.fim_pad_token_id", -1));
        FOREBAY_TRY(named.repository, id("tokenizer.ggml.fim_rep_token_id", -1));
        FOREBAY_TRY(named.separator, id("tokenizer.ggml.fim_sep_token_id", -1));
        // Their old names.
        FOREBAY_TRY(named.prefix, id("tokenizer.ggml.prefix_token_id", named.prefix));
        FOREBAY_TRY(named.suffix, id("tokenizer.ggml.suffix_token_id", named.suffix));
        FOREBAY_TRY(named.middle, id("tokenizer.ggml.middle_token_id", named.middle));
        apply_special_names(vocabulary_, spellings_, named);
        return {};
    }

    Result<void> read_flags() {
        const bool sentence_piece = vocabulary_.kind == VocabularyKind::sentence_piece;
        const bool begins = sentence_piece || pre_tokenizer_of(vocabulary_.splitter).add_begin;
        FOREBAY_TRY(vocabulary_.add_begin, flag("tokenizer.ggml.add_bos_token", begins));
        FOREBAY_TRY(vocabulary_.add_end, flag("tokenizer.ggml.add_eos_token", false));
        const bool gemma = vocabulary_.splitter == "gemma4" || vocabulary_.splitter == "granite-embed-multi-311m";
        if (gemma) vocabulary_.add_begin = true;
        if ((vocabulary_.add_begin && vocabulary_.begin < 0) || (vocabulary_.add_end && vocabulary_.end < 0)) {
            return fail(Code::invalid_argument,
                        "model file '{}': its tokenizer is to add a token at the {} of a text, but names none",
                        metadata_.path(), vocabulary_.begin < 0 ? "beginning" : "end");
        }
        if (sentence_piece) {
            FOREBAY_TRY(vocabulary_.space_prefix, flag("tokenizer.ggml.add_space_prefix", true));
        }
        return {};
    }

    // GGUF files do not say which tokens swallow white space: it goes by names.
    Result<void> strip_around() {
        FOREBAY_TRY(std::string name, text("general.name"));
        std::ranges::transform(name, name.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        FOREBAY_TRY(const std::string architecture, text("general.architecture"));
        FOREBAY_TRY(const std::string pre, text("tokenizer.ggml.pre"));
        const auto has = [](std::string_view text, std::string_view part) { return text.contains(part); };
        const bool jina = has(pre, "jina-v2-de") || has(pre, "jina-v2-es") || has(pre, "jina-v2-code") ||
                          has(architecture, "nomic-bert-moe") || has(architecture, "jina-bert-v3");
        const bool phi = !jina && (has(name, "phi-3") || has(name, "phi3"));
        const bool modern = !jina && !phi && has(name, "modern-bert");
        for (std::size_t i = 0; i < spellings_.size(); ++i) {
            Token& token = vocabulary_.tokens[i];
            const std::string& spelling = spellings_[i];
            if ((jina && spelling == "<mask>") || (modern && spelling == "[MASK]")) token.strip_left = true;
            if (!phi) continue;
            const bool keeps = spelling == "<unk>" || spelling == "<s>" || spelling == "<|endoftext|>";
            token.strip_right = (is_special(token.kind) || spelling == "</s>") && !keeps;
        }
        return {};
    }

    GgufMetadata metadata_;
    Vocabulary vocabulary_;
    std::vector<std::string> spellings_;  // of tokens, by id
    bool named_only_ = false;             // no token begins or ends a text unless the file names it
};

}  // namespace

Result<Vocabulary> read_gguf_vocabulary_blocking(const std::string& path) {
    FOREBAY_TRY(GgufMetadata metadata,
                GgufMetadata::read_blocking(path, {"tokenizer.ggml.", "general.name", "general.architecture"}));
    return GgufTokenizer(std::move(metadata)).read();
}

}  // namespace forebay::tokenizer
