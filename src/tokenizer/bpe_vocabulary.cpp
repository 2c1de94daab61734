#include "tokenizer/bpe_vocabulary.h"

#include <array>
#include <unordered_set>

namespace forebay::tokenizer {
namespace {

// Bytes that are printable Latin-1 characters stand for themselves; the others take the characters from U+0100 on.
bool stands_for_itself(int byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

std::array<std::string, byte_tokens> make_spellings() {
    std::array<std::string, byte_tokens> spellings;
    int substitute = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        const int character = stands_for_itself(byte) ? byte : substitute++;
        std::string& spelling = spellings[static_cast<std::size_t>(byte)];
        if (character >= 0x80) {
            spelling += static_cast<char>(0xC0 | character >> 6);
            spelling += static_cast<char>(0x80 | (character & 0x3F));
        } else {
            spelling += static_cast<char>(character);
        }
    }
    return spellings;
}

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
            if (stands_for_itself(byte) == printable) tokens.emplace_back(1, static_cast<char>(byte));
        }
    }
    return tokens;
}

std::string printable_spelling(std::string_view bytes) {
    static const std::array<std::string, byte_tokens> spellings = make_spellings();
    std::string out;
    for (const char byte : bytes) out += spellings[static_cast<unsigned char>(byte)];
    return out;
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
