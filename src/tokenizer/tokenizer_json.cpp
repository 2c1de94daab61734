#include "tokenizer/tokenizer_json.h"

#include <simdjson.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "tokenizer/byte_level.h"
#include "tokenizer/json_splitters.h"
#include "tokenizer/read_file.h"

namespace forebay::tokenizer {
namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t file_bytes_max = 512U << 20;
// How far ids may reach above the number of tokens: what a hostile entry can make the table grow.
constexpr std::size_t holes_max = 65'536;

// The value of a key; null where it is missing.
std::optional<dom::element> find(dom::element object, std::string_view key) {
    dom::element value;
    if (object[key].get(value) || value.is_null()) return std::nullopt;
    return value;
}

std::string_view text_of(dom::element object, std::string_view key) {
    std::string_view text;
    if (object[key].get(text)) return {};
    return text;
}

bool flag_of(dom::element object, std::string_view key) {
    bool value = false;
    return !object[key].get(value) && value;
}

class TokenizerJson {
public:
    TokenizerJson(dom::element root, const std::string& file) : root_(root), file_(file) {}

    Result<Vocabulary> read() && {
        vocabulary_.source = file_;
        vocabulary_.special_order = SpecialOrder::leftmost;
        const std::optional<dom::element> model = find(root_, "model");
        if (!model || !model->is_object()) return wrong("there is no model");
        model_ = *model;
        FOREBAY_TRY_VOID(check_model());
        if (const auto normalizer = find(root_, "normalizer")) FOREBAY_TRY_VOID(read_normalizer(*normalizer, 0));
        FOREBAY_TRY_VOID(choose_kind());
        FOREBAY_TRY_VOID(read_tokens());
        FOREBAY_TRY_VOID(read_added());
        FOREBAY_TRY_VOID(name_bytes());
        FOREBAY_TRY_VOID(read_merges());
        if (const auto processor = find(root_, "post_processor")) FOREBAY_TRY_VOID(read_processor(*processor, 0));
        return std::move(vocabulary_);
    }

private:
    template <class... Args>
    std::unexpected<Error> wrong(fmt::format_string<Args...> what, Args&&... args) const {
        return fail(Code::invalid_argument, "tokenizer file '{}': {}", file_,
                    fmt::format(what, std::forward<Args>(args)...));
    }
    template <class... Args>
    std::unexpected<Error> unsupported(fmt::format_string<Args...> what, Args&&... args) const {
        return fail(Code::unavailable, "tokenizer file '{}': {} is not built in", file_,
                    fmt::format(what, std::forward<Args>(args)...));
    }

    bool over_bytes() const { return vocabulary_.kind == VocabularyKind::byte_merges; }

    Result<void> check_model() const {
        const std::string_view type = text_of(model_, "type");
        if (type != "BPE" && !(type.empty() && find(model_, "merges"))) {
            return unsupported("its kind of model, '{}',", type);
        }
        for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
            if (!text_of(model_, key).empty()) return unsupported("a model with {}", key);
        }
        double dropout = 0;
        if (!model_["dropout"].get(dropout) && dropout > 0) return unsupported("a model with dropout");
        return {};
    }

    Result<void> read_normalizer(dom::element normalizer, int depth) {
        const std::string_view type = text_of(normalizer, "type");
        if (type == "NFC") return {};
        if (type == "Sequence" && depth < 4) {
            dom::array parts;
            if (normalizer["normalizers"].get(parts)) return wrong("a sequence of normalizers without a list");
            for (const dom::element part : parts) FOREBAY_TRY_VOID(read_normalizer(part, depth + 1));
            return {};
        }
        if (type == "Prepend" && text_of(normalizer, "prepend") == space_mark && !vocabulary_.spaces_are_marks) {
            vocabulary_.space_prefix = true;
            return {};
        }
        std::string_view pattern;
        const bool replaces_spaces = type == "Replace" && !normalizer["pattern"]["String"].get(pattern) &&
                                     pattern == " " && text_of(normalizer, "content") == space_mark;
        if (!replaces_spaces) return unsupported("its normalizer '{}'", type);
        vocabulary_.spaces_are_marks = true;
        return {};
    }

    Result<void> choose_kind() {
        if (vocabulary_.space_prefix && !vocabulary_.spaces_are_marks) return unsupported("its normalizer 'Prepend'");
        JsonSplitting splitting;
        if (const auto pre_tokenizer = find(root_, "pre_tokenizer")) {
            FOREBAY_TRY(splitting, read_json_splitting(*pre_tokenizer, vocabulary_.spaces_are_marks, file_));
        }
        vocabulary_.splitter = splitting.splitter;
        vocabulary_.kind = splitting.byte_level ? VocabularyKind::byte_merges : VocabularyKind::text_merges;
        if (splitting.byte_level == vocabulary_.spaces_are_marks) {
            return unsupported("a BPE model {}", splitting.byte_level ? "over bytes with marks for spaces"
                                                                      : "over characters without marks for spaces");
        }
        if (!splitting.byte_level && !flag_of(model_, "byte_fallback")) {
            return unsupported("a BPE model over characters without byte_fallback");
        }
        vocabulary_.whole_pieces_first = flag_of(model_, "ignore_merges");
        return {};
    }

    // The place of an id, which is made if it is not there.
    Result<Token*> place_of(dom::element id, std::string_view what, std::string_view name) {
        std::uint64_t value = 0;
        if (id.get(value)) return wrong("{}: the id of '{}' is not a number from 0 on", what, name);
        if (value >= ids_max_) return wrong("{}: the id of '{}', {}, is too high", what, name, value);
        if (vocabulary_.tokens.size() <= value) {
            vocabulary_.tokens.resize(value + 1, Token{.bytes = {}, .kind = TokenKind::unused});
        }
        return &vocabulary_.tokens[value];
    }

    Result<void> read_tokens() {
        dom::object tokens;
        if (model_["vocab"].get(tokens)) return wrong("model.vocab is missing, or not an object");
        dom::array added;
        const std::size_t more = root_["added_tokens"].get(added) ? 0 : added.size();
        ids_max_ = count(tokens) + more + holes_max;
        for (const auto& [spelling, id] : tokens) {
            FOREBAY_TRY(Token * token, place_of(id, "model.vocab", spelling));
            if (!token->bytes.empty()) return wrong("model.vocab: '{}' has the id of another token", spelling);
            if (spelling.empty()) continue;
            *token = {.bytes = std::string(spelling), .kind = TokenKind::normal};
        }
        if (vocabulary_.tokens.empty()) return wrong("model.vocab is empty");
        return {};
    }

    // dom::object::size() stops at 16,777,215.
    static std::size_t count(dom::object object) {
        std::size_t sum = 0;
        for ([[maybe_unused]] const auto& field : object) ++sum;
        return sum;
    }

    Result<void> read_added() {
        dom::array added;
        if (root_["added_tokens"].get(added)) return {};
        for (const dom::element entry : added) {
            const std::string_view content = text_of(entry, "content");
            if (content.empty()) return wrong("an added token without content");
            dom::element id;
            if (entry["id"].get(id)) return wrong("the added token '{}' has no id", content);
            if (flag_of(entry, "single_word")) return unsupported("the added token '{}', a single word,", content);
            FOREBAY_TRY(Token * token, place_of(id, "added_tokens", content));
            *token = {.bytes = std::string(content),
                      .kind = flag_of(entry, "special") ? TokenKind::control : TokenKind::user_defined,
                      .strip_left = flag_of(entry, "lstrip"),
                      .strip_right = flag_of(entry, "rstrip")};
        }
        return {};
    }

    // From spellings to bytes.
    Result<void> name_bytes() {
        const std::string_view unknown = text_of(model_, "unk_token");
        for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
            Token& token = vocabulary_.tokens[id];
            if (!unknown.empty() && token.bytes == unknown) vocabulary_.unknown = static_cast<TokenId>(id);
            if (token.kind != TokenKind::normal) continue;
            if (over_bytes()) {
                if (std::optional<std::string> bytes = bytes_spelled(token.bytes)) {
                    token.bytes = *std::move(bytes);
                } else {
                    token.kind = TokenKind::unused;  // no text is made of such characters
                }
            } else if (const std::optional<char> byte = byte_spelled(token.bytes)) {
                token = {.bytes = std::string(1, *byte), .kind = TokenKind::byte};
            }
        }
        return {};
    }

    Result<void> read_merges() {
        dom::array merges;
        if (model_["merges"].get(merges)) return wrong("model.merges is missing, or not a list");
        std::size_t index = 0;
        for (const dom::element merge : merges) {
            FOREBAY_TRY_VOID(read_merge(merge, index));
            ++index;
        }
        return {};
    }

    Result<void> read_merge(dom::element merge, std::size_t index) {
        std::string_view left, right;
        dom::array pair;
        if (!merge.get(left)) {
            const std::size_t space = left.find(' ');
            const bool two = space != std::string_view::npos && left.find(' ', space + 1) == std::string_view::npos;
            if (!two) return wrong("model.merges[{}] is not two texts with a space between", index);
            right = left.substr(space + 1);
            left = left.substr(0, space);
        } else if (merge.get(pair) || pair.size() != 2 || pair.at(0).get(left) || pair.at(1).get(right)) {
            return wrong("model.merges[{}] is not a pair of texts", index);
        }
        if (left.empty() || right.empty()) return wrong("model.merges[{}] joins nothing with something", index);
        if (!over_bytes()) {
            vocabulary_.merges.push_back({std::string(left), std::string(right)});
            return {};
        }
        std::optional<std::string> left_bytes = bytes_spelled(left), right_bytes = bytes_spelled(right);
        if (left_bytes && right_bytes) vocabulary_.merges.push_back({*std::move(left_bytes), *std::move(right_bytes)});
        return {};
    }

    Result<void> read_processor(dom::element processor, int depth) {
        const std::string_view type = text_of(processor, "type");
        if (type == "ByteLevel") return {};  // about offsets only
        if (type == "Sequence" && depth < 4) {
            dom::array parts;
            if (processor["processors"].get(parts)) return wrong("a sequence of post_processors without a list");
            for (const dom::element part : parts) FOREBAY_TRY_VOID(read_processor(part, depth + 1));
            return {};
        }
        if (type == "TemplateProcessing") return read_template(processor);
        if (type == "BertProcessing" || type == "RobertaProcessing") {
            dom::element begin, end;
            if (processor["cls"].at(1).get(begin) || processor["sep"].at(1).get(end)) {
                return wrong("post_processor: without cls and sep");
            }
            FOREBAY_TRY_VOID(set_ends(begin, true));
            return set_ends(end, false);
        }
        return unsupported("its post_processor '{}'", type);
    }

    Result<void> read_template(dom::element processor) {
        dom::array parts;
        if (processor["single"].get(parts)) return wrong("post_processor: a template without 'single'");
        bool before = true;
        for (const dom::element part : parts) {
            std::string_view name;
            if (part["SpecialToken"]["id"].get(name)) {
                if (!before) return wrong("post_processor: a template that repeats the text");
                before = false;
                continue;
            }
            dom::array ids;
            dom::element id;
            if (processor["special_tokens"][name]["ids"].get(ids) || ids.size() != 1 || ids.at(0).get(id)) {
                return wrong("post_processor: '{}' is not one token", name);
            }
            if (before ? vocabulary_.add_begin : vocabulary_.add_end) {
                return unsupported("a template with two tokens at one end of a text");
            }
            FOREBAY_TRY_VOID(set_ends(id, before));
        }
        return {};
    }

    Result<void> set_ends(dom::element id, bool begin) {
        std::uint64_t value = 0;
        if (id.get(value) || value >= vocabulary_.tokens.size()) return wrong("post_processor: there is no such token");
        (begin ? vocabulary_.begin : vocabulary_.end) = static_cast<TokenId>(value);
        (begin ? vocabulary_.add_begin : vocabulary_.add_end) = true;
        return {};
    }

    dom::element root_;
    dom::element model_;
    const std::string& file_;
    Vocabulary vocabulary_;
    std::size_t ids_max_ = 0;
};

}  // namespace

Result<Vocabulary> parse_tokenizer_json(std::string_view text, const std::string& file) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    dom::parser parser;
    dom::element root;
    if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
        return fail(Code::invalid_argument, "tokenizer file '{}' is not JSON: {}", file,
                    simdjson::error_message(error));
    }
    if (!root.is_object()) return fail(Code::invalid_argument, "tokenizer file '{}' is not a JSON object", file);
    return TokenizerJson(root, file).read();
}

Result<Vocabulary> read_tokenizer_json_blocking(const std::string& path) {
    FOREBAY_TRY(const std::string text, read_file_blocking(path, "tokenizer file", file_bytes_max));
    FOREBAY_TRY(Vocabulary vocabulary, parse_tokenizer_json(text, path));
    // The file has no name of its own; its folder mostly has the model's.
    vocabulary.name = std::filesystem::absolute(path).parent_path().filename().string();
    return vocabulary;
}

}  // namespace forebay::tokenizer
