// Vocabularies that no trainer would make: tokens that merges do not reach, priorities in any order, equal scores. Each
// kind's textbook algorithm says what is right.
#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <random>

#include "tokenizer/test_rig.h"

namespace forebay::tokenizer {
namespace {

using Random = std::mt19937_64;
// The priority of joining two texts, the lowest first; nothing: they do not join.
using Join = std::function<std::optional<double>(const std::string&, const std::string&)>;

std::string random_text(Random& random, std::string_view alphabet, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        const char letter = alphabet[random() % alphabet.size()];
        text.append(random() % 4 == 0 ? 1 + random() % 9 : 1, letter);
    }
    return text;
}

// Texts of one byte each first; of each later one there is no other.
std::vector<std::string> random_tokens(Random& random, std::string_view alphabet, std::size_t count) {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    while (tokens.size() < 256 + count) {
        // Half of them are what two others make.
        const auto pick = [&] { return tokens.size() > 260 ? tokens[256 + random() % (tokens.size() - 256)] : ""; };
        std::string made = random() % 2 == 0 ? pick() + pick() : random_text(random, alphabet, 2 + random() % 6);
        if (made.size() < 2 || made.size() > 40) made = random_text(random, alphabet, 2);
        if (std::ranges::find(tokens, made) == tokens.end()) tokens.push_back(made);
    }
    return tokens;
}

std::vector<std::string> merged(std::vector<std::string> parts, const Join& join) {
    for (;;) {
        std::optional<double> lowest;
        std::size_t place = 0;
        for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
            const auto priority = join(parts[i], parts[i + 1]);
            if (!priority || (lowest && *lowest <= *priority)) continue;
            lowest = priority;
            place = i;
        }
        if (!lowest) return parts;
        parts[place] += parts[place + 1];
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
}

std::vector<std::string> bytes_of(std::string_view text) {
    std::vector<std::string> out;
    for (const char byte : text) out.emplace_back(1, byte);
    return out;
}

void expect_merges(const Vocabulary& vocabulary, const Join& join, std::string_view alphabet, Random& random) {
    const TokenizerPtr tokenizer = tokenizer_of(vocabulary);
    for (int round = 0; round < 60; ++round) {
        const std::string text = random_text(random, alphabet, 1 + random() % (round % 10 == 0 ? 400 : 40));
        std::vector<std::string> expected = merged(bytes_of(text), join);
        const bool whole = vocabulary.kind == VocabularyKind::ranks || vocabulary.whole_pieces_first;
        if (whole && tokenizer->find(text) >= 0) expected = {text};
        std::vector<std::string> found;
        for (const TokenId token : tokens_of(*tokenizer, text)) found.emplace_back(tokenizer->bytes_of(token));
        ASSERT_EQ(found, expected) << text;
        ASSERT_EQ(tokenizer->count(text), expected.size()) << text;
    }
}

Vocabulary vocabulary_of(VocabularyKind kind, const std::vector<std::string>& tokens) {
    Vocabulary vocabulary;
    vocabulary.kind = kind;
    for (const std::string& bytes : tokens) {
        Token token;
        token.bytes = bytes;
        vocabulary.tokens.push_back(std::move(token));
    }
    return vocabulary;
}

TEST(RandomVocabulary, RanksInAnyOrderMergeAsTiktokenDoes) {
    Random random(1);
    for (const std::string_view alphabet : {"ab", "abc", "etaoinshr", "\xD0\xB0\xB1\xB2\xD1"}) {
        for (int i = 0; i < 25; ++i) {
            std::vector<std::string> tokens = random_tokens(random, alphabet, 5 + random() % 120);
            if (i % 2 == 0) std::shuffle(tokens.begin() + 256, tokens.end(), random);
            std::map<std::string, std::size_t> rank_of;
            for (std::size_t rank = 0; rank < tokens.size(); ++rank) rank_of[tokens[rank]] = rank;
            const Join join = [&](const std::string& left, const std::string& right) -> std::optional<double> {
                const auto found = rank_of.find(left + right);
                if (found == rank_of.end()) return std::nullopt;
                return static_cast<double>(found->second);
            };
            expect_merges(vocabulary_of(VocabularyKind::ranks, tokens), join, alphabet, random);
        }
    }
}

TEST(RandomVocabulary, MergeListsInAnyOrderMergeAsTheListSays) {
    Random random(2);
    for (const std::string_view alphabet : {"ab", "abc", "etaoinshr", "\xD0\xB0\xB1\xB2\xD1"}) {
        for (int i = 0; i < 25; ++i) {
            const std::vector<std::string> tokens = random_tokens(random, alphabet, 5 + random() % 120);
            Vocabulary vocabulary = vocabulary_of(VocabularyKind::byte_merges, tokens);
            vocabulary.whole_pieces_first = i % 3 == 0;
            // Each token may be made in several ways.
            for (std::size_t id = 256; id < tokens.size(); ++id) {
                for (std::size_t cut = 1; cut < tokens[id].size(); ++cut) {
                    const std::string left = tokens[id].substr(0, cut);
                    const std::string right = tokens[id].substr(cut);
                    const bool both = std::ranges::find(tokens, left) != tokens.end() &&
                                      std::ranges::find(tokens, right) != tokens.end();
                    if (both && random() % 2 == 0) vocabulary.merges.push_back({left, right});
                }
            }
            if (i % 2 == 0) std::ranges::shuffle(vocabulary.merges, random);
            std::map<std::pair<std::string, std::string>, std::size_t> rank_of;
            for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
                rank_of.emplace(std::pair(vocabulary.merges[rank].left, vocabulary.merges[rank].right), rank);
            }
            const Join join = [&](const std::string& left, const std::string& right) -> std::optional<double> {
                const auto found = rank_of.find({left, right});
                if (found == rank_of.end()) return std::nullopt;
                return static_cast<double>(found->second);
            };
            expect_merges(vocabulary, join, alphabet, random);
        }
    }
}

TEST(RandomVocabulary, ScoresWithTiesMergeTheBestAndOfEqualsTheLeftmost) {
    Random random(3);
    for (const std::string_view alphabet : {"ab", "abc", "etaoinshr"}) {
        for (int i = 0; i < 25; ++i) {
            std::vector<std::string> tokens = random_tokens(random, alphabet, 5 + random() % 120);
            std::erase_if(tokens,
                          [](const std::string& token) { return static_cast<unsigned char>(token[0]) >= 0x80; });
            Vocabulary vocabulary = vocabulary_of(VocabularyKind::sentence_piece, tokens);
            std::map<std::string, double> score_of;
            for (Token& token : vocabulary.tokens) {
                token.score = i % 2 == 0 ? -static_cast<float>(random() % 6) : -static_cast<float>(random() % 100'000);
                score_of[token.bytes] = token.score;
            }
            const Join join = [&](const std::string& left, const std::string& right) -> std::optional<double> {
                const auto found = score_of.find(left + right);
                if (found == score_of.end()) return std::nullopt;
                return -found->second;
            };
            expect_merges(vocabulary, join, alphabet, random);
        }
    }
}

}  // namespace
}  // namespace forebay::tokenizer
