#include "tokenizer/naive_bpe.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "tokenizer/test_rig.h"

namespace forebay::tokenizer {
namespace {

struct Word {
    std::vector<TokenId> tokens;
    std::uint64_t count = 0;
};

// GPT-2's order of bytes.
std::vector<std::string> byte_strings() {
    std::vector<std::string> printable;
    std::vector<std::string> others;
    for (int byte = 0; byte < 256; ++byte) {
        const bool shown = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
        (shown ? printable : others).emplace_back(1, static_cast<char>(byte));
    }
    printable.insert(printable.end(), others.begin(), others.end());
    return printable;
}

std::vector<TokenId> byte_ids(const std::vector<std::string>& tokens, std::string_view text) {
    std::vector<TokenId> ids;
    for (const char byte : text) {
        const auto found = std::find(tokens.begin(), tokens.begin() + 256, std::string(1, byte));
        ids.push_back(static_cast<TokenId>(found - tokens.begin()));
    }
    return ids;
}

void replace_pair(std::vector<TokenId>& ids, std::pair<TokenId, TokenId> pair, TokenId made) {
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        if (ids[i] != pair.first || ids[i + 1] != pair.second) continue;
        ids[i] = made;
        ids.erase(ids.begin() + i + 1);
    }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> naive_merges(std::string_view corpus, const BpeOptions& options) {
    std::vector<std::string> tokens = byte_strings();
    std::map<std::string, std::uint64_t> counts;
    for (const std::string_view piece : pieces_of("qwen2", corpus)) ++counts[std::string(piece)];
    std::vector<Word> words;
    for (const auto& [text, count] : counts) words.push_back({byte_ids(tokens, text), count});

    std::vector<std::pair<std::string, std::string>> merges;
    while (tokens.size() + options.control.size() < options.vocabulary) {
        std::map<std::pair<TokenId, TokenId>, std::uint64_t> pairs;
        for (const Word& word : words) {
            for (std::size_t i = 0; i + 1 < word.tokens.size(); ++i) {
                pairs[{word.tokens[i], word.tokens[i + 1]}] += word.count;
            }
        }
        std::pair<TokenId, TokenId> best;
        std::uint64_t most = 0;
        for (const auto& [pair, count] : pairs) {  // by ids, so that the first of equals stays
            const std::string made =
                tokens[static_cast<std::size_t>(pair.first)] + tokens[static_cast<std::size_t>(pair.second)];
            if (count > most && std::ranges::find(options.control, made) == options.control.end()) {
                best = pair;
                most = count;
            }
        }
        if (most < options.count_least) break;
        merges.emplace_back(tokens[static_cast<std::size_t>(best.first)],
                            tokens[static_cast<std::size_t>(best.second)]);
        tokens.push_back(merges.back().first + merges.back().second);
        for (Word& word : words) replace_pair(word.tokens, best, static_cast<TokenId>(tokens.size() - 1));
    }
    return merges;
}

std::vector<TokenId> naive_tokens(const BpeVocabulary& vocabulary, std::string_view piece) {
    std::map<std::pair<TokenId, TokenId>, std::size_t> rank_of;
    for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) rank_of.emplace(vocabulary.merges[i], i);
    std::vector<TokenId> ids = byte_ids(vocabulary.tokens, piece);
    for (;;) {
        std::size_t best = vocabulary.merges.size();
        std::size_t place = 0;
        for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
            const auto found = rank_of.find({ids[i], ids[i + 1]});
            if (found == rank_of.end() || found->second >= best) continue;
            best = found->second;
            place = i;
        }
        if (best == vocabulary.merges.size()) return ids;
        ids[place] = static_cast<TokenId>(256 + best);
        ids.erase(ids.begin() + place + 1);
    }
}

}  // namespace forebay::tokenizer
