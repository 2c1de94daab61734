// Lays the parts of a table out as TokenTable reads them.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/table_format.h"

namespace forebay::tokenizer {

// What table_builder.cpp finds out of a vocabulary.
struct TableParts {
    struct Piece {
        std::string_view text;  // at most PieceKey::bytes_max
        std::uint32_t value = 0;
    };
    struct Pair {
        Symbol left = 0, right = 0;
        TokenTable::Joined joined;
    };
    std::vector<Piece> pieces;
    std::vector<Pair> pairs;
    std::vector<std::string_view> long_pieces;  // that are tokens, longer than a key holds
    std::vector<Symbol> byte_symbols;           // 256
    std::vector<std::uint16_t> sizes;           // a symbol each
    std::vector<TokenTable::Making> makings;
    std::vector<std::uint8_t> flags;  // a token each
    std::vector<CharacterSlot> characters;
    std::vector<std::vector<TokenId>> expansions;  // of the symbols behind the tokens
};

class TableWriter {
public:
    // 64-byte aligned, as TokenTable::over wants it.
    static std::vector<std::byte> write(const Vocabulary& vocabulary, const TableParts& parts);

private:
    explicit TableWriter(const Vocabulary& vocabulary);

    template <class Element>
    void append(Section section, std::span<const Element> elements);
    void append_pieces(const std::vector<TableParts::Piece>& pieces);
    void append_pairs(const std::vector<TableParts::Pair>& pairs);
    void append_long_prefixes(const std::vector<std::string_view>& pieces);
    void append_byte_pairs(const TableParts& parts);
    void append_texts();
    void append_characters(const std::vector<CharacterSlot>& characters);
    void append_expansions(const std::vector<std::vector<TokenId>>& expansions);

    const Vocabulary& vocabulary_;
    TableHeader header_;
    std::vector<std::byte> bytes_;
};

}  // namespace forebay::tokenizer
