// Which pairs of symbols merge, found per kind of vocabulary.
//
// A merge list says it. A vocabulary without one (ranks, scores) lets any two neighbours merge that make a token, so
// that each token has as many pairs as it has places to cut. Of these only one can ever be used: neighbours (l, r) come
// about only if no merge crosses the ends of l and r before, so the merges inside are those that happen to the token's
// text alone, and these are the same each time. So each token's text is merged by the rules of better priority; when
// two symbols are left they are its pair. Where more are left, or where several tokens share a priority, all of its
// pairs are kept, which is never wrong. (The same fact is used where tokenizers recover merge lists from ranks.)
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "tokenizer/merging.h"
#include "tokenizer/pair_map.h"
#include "tokenizer/table_writer.h"

namespace forebay::tokenizer {
namespace {

constexpr std::size_t token_bytes_limit = UINT16_MAX;
constexpr std::size_t symbols_limit = std::size_t{1} << 24;  // piece_cache.h has 24 bits for one
// So that a priority and a place fit into one number in merging.h.
constexpr std::size_t merges_limit = std::size_t{1} << 24;
constexpr std::size_t tokens_limit = std::size_t{1} << 22;

bool is_byte_level(VocabularyKind kind) { return kind == VocabularyKind::ranks || kind == VocabularyKind::byte_merges; }

std::string byte_token_spelling(std::size_t byte) { return fmt::format("<0x{:02X}>", byte); }

std::uint32_t as_number(std::string_view character) {
    std::uint32_t bytes = 0;
    for (std::size_t i = 0; i < character.size(); ++i) {
        bytes |= std::uint32_t{static_cast<unsigned char>(character[i])} << (8 * i);
    }
    return bytes;
}

class TableBuilder {
public:
    explicit TableBuilder(const Vocabulary& vocabulary)
        : vocabulary_(vocabulary), byte_level_(is_byte_level(vocabulary.kind)) {}

    Result<std::vector<std::byte>> build() {
        FOREBAY_TRY_VOID(check());
        name_tokens();
        name_first_symbols();
        const bool listed =
            vocabulary_.kind == VocabularyKind::byte_merges || vocabulary_.kind == VocabularyKind::text_merges;
        if (listed) {
            FOREBAY_TRY_VOID(take_merges());
        } else {
            find_pairs();
        }
        if (input_.size() >= symbols_limit) {
            return fail(Code::invalid_argument, "tokens and merges make {} symbols, more than {}", input_.size(),
                        symbols_limit);
        }
        find_pieces();
        keep_regular_makings();
        finish_symbols();
        return TableWriter::write(vocabulary_, parts_);
    }

private:
    Result<void> check() const {
        if (vocabulary_.tokens.empty()) return fail(Code::invalid_argument, "the vocabulary has no tokens");
        if (vocabulary_.tokens.size() > tokens_limit) {
            return fail(Code::invalid_argument, "the vocabulary has {} tokens, more than {}", vocabulary_.tokens.size(),
                        tokens_limit);
        }
        for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
            if (vocabulary_.tokens[id].bytes.size() > token_bytes_limit) {
                return fail(Code::invalid_argument, "token {} has more than {} bytes", id, token_bytes_limit);
            }
        }
        for (const TokenId id : {vocabulary_.begin, vocabulary_.end, vocabulary_.unknown}) {
            if (id >= static_cast<TokenId>(vocabulary_.tokens.size())) {
                return fail(Code::invalid_argument, "token {} is named as begin, end or unknown, but there are {} only",
                            id, vocabulary_.tokens.size());
            }
        }
        return {};
    }

    // What of the input a token is made of, or an empty text: it is never made of input.
    std::string input_of(const Token& token) const {
        const bool special = token.kind != TokenKind::normal && token.kind != TokenKind::byte;
        if (vocabulary_.kind == VocabularyKind::ranks) return special ? "" : token.bytes;
        if (byte_level_) {
            // A special token is matched by its printable spelling, which is its bytes only if those are printable.
            const bool printable = std::ranges::all_of(token.bytes, [](char c) { return c > ' ' && c <= '~'; });
            return special && !printable ? "" : token.bytes;
        }
        if (token.kind == TokenKind::byte && token.bytes.size() == 1) {
            return byte_token_spelling(static_cast<unsigned char>(token.bytes[0]));
        }
        return token.bytes;
    }

    void name_tokens() {
        input_.reserve(vocabulary_.tokens.size());
        for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
            input_.push_back(input_of(vocabulary_.tokens[id]));
            if (!input_.back().empty()) symbol_of_[input_.back()] = static_cast<Symbol>(id);
        }
    }

    Symbol symbol_of(const std::string& text) const {
        const auto found = symbol_of_.find(text);
        return found == symbol_of_.end() ? TokenTable::none : found->second;
    }

    // The symbol of a text, a new one if no token is spelled so.
    Symbol symbol_or_new(const std::string& text) {
        const auto [place, is_new] = symbol_of_.emplace(text, static_cast<Symbol>(input_.size()));
        if (is_new) input_.push_back(text);
        return place->second;
    }

    std::size_t first_size(std::string_view text) const {
        if (byte_level_) return 1;
        return std::min(text.size(), character_size(static_cast<unsigned char>(text[0])));
    }

    // The symbols that a text starts as.
    void name_first_symbols() {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::string text(1, static_cast<char>(byte));
            if (byte_level_) {
                parts_.byte_symbols.push_back(symbol_or_new(text));
            } else {
                // Not what the character of this one byte is: nothing merges with it.
                parts_.byte_symbols.push_back(static_cast<Symbol>(input_.size()));
                input_.push_back(text);
            }
        }
        if (byte_level_) return;
        for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) name_characters(std::string(input_[id]));
    }

    void name_characters(const std::string& text) {
        for (std::size_t at = 0; at < text.size();) {
            const std::string character = text.substr(at, first_size(std::string_view(text).substr(at)));
            const std::uint32_t number = as_number(character);
            if (characters_.insert(number).second) parts_.characters.push_back({number, symbol_or_new(character)});
            at += character.size();
        }
    }

    void add_pair(Symbol left, Symbol right, TokenTable::Joined joined) {
        const auto index = static_cast<std::uint32_t>(parts_.pairs.size());
        const auto a = static_cast<TokenId>(left);
        const auto b = static_cast<TokenId>(right);
        if (pair_index_.find_or_add(a, b, index) == index) parts_.pairs.push_back({left, right, joined});
    }

    Result<void> take_merges() {
        if (vocabulary_.merges.size() > merges_limit) {
            return fail(Code::invalid_argument, "the vocabulary has {} merges, more than {}", vocabulary_.merges.size(),
                        merges_limit);
        }
        for (std::uint32_t i = 0; i < vocabulary_.merges.size(); ++i) {
            const Merge& merge = vocabulary_.merges[i];
            if (merge.left.empty() || merge.right.empty()) {
                return fail(Code::invalid_argument, "merge {} joins nothing with something", i);
            }
            if (merge.left.size() + merge.right.size() > token_bytes_limit) {
                return fail(Code::invalid_argument, "merge {} makes more than {} bytes", i, token_bytes_limit);
            }
            if (!byte_level_) {
                name_characters(merge.left);
                name_characters(merge.right);
            }
            const Symbol left = symbol_or_new(merge.left);
            const Symbol right = symbol_or_new(merge.right);
            add_pair(left, right, {i, symbol_or_new(merge.left + merge.right)});
        }
        return {};
    }

    TokenTable::Joined find(Symbol left, Symbol right) const {
        const std::uint32_t index = pair_index_.find(static_cast<TokenId>(left), static_cast<TokenId>(right));
        return index == PairMap::absent ? TokenTable::Joined{} : parts_.pairs[index].joined;
    }

    // `text` merged by the pairs known so far.
    void merge(const std::string& text) {
        work_.clear();
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t size = first_size(std::string_view(text).substr(at));
            const Symbol symbol = byte_level_ ? parts_.byte_symbols[static_cast<unsigned char>(text[at])]
                                              : symbol_of(text.substr(at, size));
            work_.add(symbol);
            at += size;
        }
        work_.merge([this](Symbol left, Symbol right) { return find(left, right); });
        merged_.clear();
        work_.append_to(merged_);
    }

    // The tokens that input can become, best priority first, with a number that grows where the priority falls.
    std::vector<std::pair<Symbol, std::uint32_t>> by_priority() const {
        std::vector<Symbol> order;
        for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
            const bool made = !input_[id].empty() && symbol_of(input_[id]) == id;
            if (made && input_[id].size() > first_size(input_[id])) order.push_back(static_cast<Symbol>(id));
        }
        std::vector<std::pair<Symbol, std::uint32_t>> out;
        if (vocabulary_.kind == VocabularyKind::ranks) {
            for (const Symbol id : order) out.emplace_back(id, id);
            return out;
        }
        const auto score = [this](Symbol id) { return vocabulary_.tokens[id].score; };
        std::ranges::sort(order,
                          [&](Symbol a, Symbol b) { return score(a) > score(b) || (score(a) == score(b) && a < b); });
        std::uint32_t priority = 0;
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (i > 0 && score(order[i]) < score(order[i - 1])) ++priority;
            out.emplace_back(order[i], priority);
        }
        return out;
    }

    void add_all_pairs(Symbol made, std::uint32_t priority) {
        const std::string text = input_[made];
        for (std::size_t cut = 1; cut < text.size(); ++cut) {
            const Symbol left = symbol_of(text.substr(0, cut));
            const Symbol right = symbol_of(text.substr(cut));
            if (left != TokenTable::none && right != TokenTable::none) add_pair(left, right, {priority, made});
        }
    }

    void find_pairs() {
        const auto order = by_priority();
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto [made, priority] = order[i];
            const bool shared =
                (i > 0 && order[i - 1].second == priority) || (i + 1 < order.size() && order[i + 1].second == priority);
            if (!shared) merge(input_[made]);
            if (!shared && merged_.size() == 2) {
                add_pair(merged_[0], merged_[1], {priority, made});
            } else {
                add_all_pairs(made, priority);
            }
        }
    }

    void find_pieces() {
        parts_.makings.resize(input_.size());
        for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
            const Token& token = vocabulary_.tokens[id];
            auto flags = static_cast<std::uint8_t>(token.kind);
            if (token.strip_left) flags |= flag_strip_left;
            if (token.strip_right) flags |= flag_strip_right;
            const std::string& text = input_[id];
            if (!text.empty() && symbol_of(text) == id) {
                merge(text);
                const bool reached = merged_.size() == 1 && merged_[0] == id;
                if (reached) parts_.makings[id] = work_.last_making();
                if (reached || counts_whole(text)) {
                    flags |= flag_piece;
                    if (!reached) flags |= flag_only_whole;
                    const std::uint32_t value = static_cast<std::uint32_t>(id) | (reached ? 0 : TokenTable::only_whole);
                    if (text.size() <= PieceKey::bytes_max) {
                        parts_.pieces.push_back({text, value});
                    } else if (byte_level_) {
                        parts_.long_pieces.push_back(text);
                    }
                }
            }
            parts_.flags.push_back(flags);
        }
    }

    // Leaves those makings that TokenTable::making_of promises. Symbols that no merge makes come first.
    void keep_regular_makings() {
        std::vector<Symbol> order;
        std::vector<bool> known(input_.size());
        for (Symbol symbol = 0; symbol < input_.size(); ++symbol) {
            TokenTable::Making& making = parts_.makings[symbol];
            if (input_[symbol].empty()) continue;
            if (input_[symbol].size() == first_size(input_[symbol])) {
                making = {TokenTable::none, TokenTable::none, 0};
                known[symbol] = true;
            } else if (making.left != TokenTable::none) {
                order.push_back(symbol);
            }
        }
        // A symbol is longer than those it is made of.
        std::ranges::sort(order, {}, [this](Symbol symbol) { return input_[symbol].size(); });
        for (const Symbol symbol : order) {
            const TokenTable::Making& making = parts_.makings[symbol];
            const auto before = [&](Symbol part) {
                const TokenTable::Making& its = parts_.makings[part];
                return known[part] && (its.left == TokenTable::none || its.priority < making.priority);
            };
            known[symbol] = before(making.left) && before(making.right);
        }
        for (Symbol symbol = 0; symbol < input_.size(); ++symbol) {
            if (!known[symbol]) parts_.makings[symbol] = {};
        }
    }

    // Whether a piece that is this text becomes its token even if merges would not make it.
    bool counts_whole(const std::string& text) const {
        if (vocabulary_.kind == VocabularyKind::ranks || vocabulary_.whole_pieces_first) return true;
        // llama.cpp's rule for Gemma 4, whose newlines come in pieces of their own.
        const bool newlines = text.find_first_not_of('\n') == std::string::npos;
        return vocabulary_.kind == VocabularyKind::text_merges && newlines;
    }

    TokenId token_of_byte(unsigned char byte) const {
        if (byte_level_) {
            const Symbol symbol = parts_.byte_symbols[byte];
            return symbol < vocabulary_.tokens.size() ? static_cast<TokenId>(symbol) : -1;
        }
        const Symbol token = symbol_of(byte_token_spelling(byte));
        return token < vocabulary_.tokens.size() ? static_cast<TokenId>(token) : vocabulary_.unknown;
    }

    void finish_symbols() {
        for (const std::string& text : input_) parts_.sizes.push_back(static_cast<std::uint16_t>(text.size()));
        for (std::size_t i = vocabulary_.tokens.size(); i < input_.size(); ++i) {
            std::vector<TokenId> tokens;
            for (const char c : input_[i]) {
                if (const TokenId token = token_of_byte(static_cast<unsigned char>(c)); token >= 0)
                    tokens.push_back(token);
            }
            parts_.expansions.push_back(std::move(tokens));
        }
    }

    const Vocabulary& vocabulary_;
    const bool byte_level_;
    std::vector<std::string> input_;  // of each symbol
    std::unordered_map<std::string, Symbol> symbol_of_;
    std::unordered_set<std::uint32_t> characters_;  // those with a symbol
    PairMap pair_index_;
    TableParts parts_;
    ManySymbols work_;
    std::vector<Symbol> merged_;
};

}  // namespace

Result<TokenTable> TokenTable::build(const Vocabulary& vocabulary) {
    FOREBAY_TRY(const std::vector<std::byte> bytes, TableBuilder(vocabulary).build());
    return copy_of(bytes);
}

}  // namespace forebay::tokenizer
