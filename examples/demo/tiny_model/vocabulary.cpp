#include "vocabulary.h"

#include <fmt/format.h>

namespace forebay::tiny {
namespace {

// Shorter pieces join first, so that a word always grows from its left end.
void add(Vocabulary& vocabulary, std::string text, TokenKind kind) {
    if (vocabulary.index_by_text.contains(text)) return;
    const float score = kind == TokenKind::normal ? -static_cast<float>(text.size()) : 0.0f;
    vocabulary.index_by_text.emplace(text, static_cast<std::int32_t>(vocabulary.tokens.size()));
    vocabulary.tokens.push_back({std::move(text), score, kind, {}});
}

// `prefix` (empty or a space mark) and every beginning of `word` after it, up to the whole word.
void add_word(Vocabulary& vocabulary, std::string_view prefix, std::string_view word) {
    for (std::size_t size = 1; size <= word.size(); ++size) {
        add(vocabulary, fmt::format("{}{}", prefix, word.substr(0, size)), TokenKind::normal);
    }
}

void mark_word(Vocabulary& vocabulary, std::string_view prefix, const std::string& word) {
    const std::int32_t index = vocabulary.find(fmt::format("{}{}", prefix, word));
    if (index >= 0) vocabulary.tokens[static_cast<std::size_t>(index)].word = word;
}

}  // namespace

std::int32_t Vocabulary::find(std::string_view text) const {
    const auto found = index_by_text.find(text);
    return found == index_by_text.end() ? -1 : found->second;
}

Vocabulary make_vocabulary(const std::vector<Sentence>& sentences) {
    Vocabulary vocabulary;
    add(vocabulary, "<unk>", TokenKind::unknown);
    add(vocabulary, "<s>", TokenKind::control);
    add(vocabulary, "</s>", TokenKind::control);
    for (int byte = 0; byte < 256; ++byte) add(vocabulary, fmt::format("<0x{:02X}>", byte), TokenKind::byte);
    add(vocabulary, std::string(turn_begin), TokenKind::control);
    add(vocabulary, std::string(turn_end), TokenKind::control);
    add(vocabulary, std::string(space_mark), TokenKind::normal);
    for (char c = '!'; c <= '~'; ++c) add(vocabulary, std::string(1, c), TokenKind::normal);

    for (const char* role : {"system", "user", "assistant"}) add_word(vocabulary, "", role);
    for (const Sentence& sentence : sentences) {
        add_word(vocabulary, "", sentence.front());  // an answer begins without a space
        for (const std::string& word : sentence) add_word(vocabulary, space_mark, word);
    }
    // Once all are there: a beginning of one word may be another word ("a" and "and").
    for (const Sentence& sentence : sentences) {
        for (const std::string& word : sentence) {
            if (word == "." || word == ",") {
                mark_word(vocabulary, "", word);
                continue;
            }
            mark_word(vocabulary, space_mark, word);
            if (&word == &sentence.front()) mark_word(vocabulary, "", word);
        }
    }
    return vocabulary;
}

}  // namespace forebay::tiny
