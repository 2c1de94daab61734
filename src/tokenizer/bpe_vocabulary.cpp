#include "tokenizer/bpe_vocabulary.h"

#include <unordered_set>

#include "tokenizer/byte_level.h"

namespace forebay::tokenizer {
namespace {

Result<void> check_merges(const BpeVocabulary& vocabulary) {
    for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) {
        const auto [left, right] = vocabulary.merges[i];
        const std::size_t made = byte_tokens + i;
        const auto before = [&](TokenId id) { return id >= 0 && static_cast<std::size_t>(id) < made; };
        if (!before(left) || !before(right)) {
            return fail(Code::invalid_argument,
                        "merge {} joins token {} and token {}, of which one is not there before it", i, left, right);
        }
        const std::string joined =
            vocabulary.tokens[static_cast<std::size_t>(left)] + vocabulary.tokens[static_cast<std::size_t>(right)];
        if (joined != vocabulary.tokens[made]) {
            return fail(Code::invalid_argument, "token {} is not what merge {} makes", made, i);
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> make_byte_tokens() {
    std::vector<std::string> tokens;
    for (const bool printable : {true, false}) {
        for (int byte = 0; byte < 256; ++byte) {
            if (is_printable_byte(static_cast<unsigned char>(byte)) == printable)
                tokens.emplace_back(1, static_cast<char>(byte));
        }
    }
    return tokens;
}

Result<void> check_control(const std::vector<std::string>& control) {
    std::unordered_set<std::string_view> seen;
    for (const std::string& text : control) {
        if (text.size() < 2) {
            return fail(Code::invalid_argument, "control token '{}' has fewer than two bytes", text);
        }
        if (!seen.insert(text).second) return fail(Code::invalid_argument, "control token '{}' is given twice", text);
    }
    return {};
}

std::string BpeVocabulary::printable(TokenId token) const {
    const auto index = static_cast<std::size_t>(token);
    if (token < 0 || index >= tokens.size()) return {};
    return index < byte_tokens + merges.size() ? printable_spelling(tokens[index]) : tokens[index];
}

Vocabulary as_vocabulary(const BpeVocabulary& vocabulary) {
    Vocabulary out;
    out.kind = VocabularyKind::byte_merges;
    out.splitter = vocabulary.pre_tokenizer;
    const std::size_t first_control = vocabulary.tokens.size() - vocabulary.control.size();
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        Token token;
        token.bytes = vocabulary.tokens[id];
        if (id >= first_control) token.kind = TokenKind::control;
        out.tokens.push_back(std::move(token));
    }
    for (const auto& [left, right] : vocabulary.merges) {
        out.merges.push_back(
            {vocabulary.tokens[static_cast<std::size_t>(left)], vocabulary.tokens[static_cast<std::size_t>(right)]});
    }
    return out;
}

Result<void> check_vocabulary(const BpeVocabulary& vocabulary) {
    if (vocabulary.pre_tokenizer != "qwen2") {
        return fail(Code::invalid_argument, "pre-tokenizer '{}' is not known; 'qwen2' is", vocabulary.pre_tokenizer);
    }
    const std::size_t expected = byte_tokens + vocabulary.merges.size() + vocabulary.control.size();
    if (vocabulary.tokens.size() != expected || expected > INT32_MAX) {
        return fail(Code::invalid_argument, "{} tokens where 256 bytes, {} merges and {} control tokens make {}",
                    vocabulary.tokens.size(), vocabulary.merges.size(), vocabulary.control.size(), expected);
    }
    FOREBAY_TRY_VOID(check_control(vocabulary.control));
    for (std::size_t i = 0; i < byte_tokens; ++i) {
        if (vocabulary.tokens[i].size() != 1) return fail(Code::invalid_argument, "token {} is not a single byte", i);
    }
    FOREBAY_TRY_VOID(check_merges(vocabulary));
    std::unordered_set<std::string> spellings;
    for (std::size_t i = 0; i < expected; ++i) {
        const std::size_t control_index = i - (expected - vocabulary.control.size());
        if (control_index < vocabulary.control.size() && vocabulary.tokens[i] != vocabulary.control[control_index]) {
            return fail(Code::invalid_argument, "token {} is not the control token '{}'", i,
                        vocabulary.control[control_index]);
        }
        if (!spellings.insert(vocabulary.printable(static_cast<TokenId>(i))).second) {
            return fail(Code::invalid_argument, "token {} is spelled like one before it", i);
        }
    }
    return {};
}

}  // namespace forebay::tokenizer
