#include "tokenizer/piece_merger.h"

#include <algorithm>
#include <array>

#include "tokenizer/table_format.h"

namespace forebay::tokenizer {
namespace {

// Calls `add` with the symbols that `piece` starts as.
template <class Add>
void first_symbols(const TokenTable& table, std::string_view piece, const Add& add) {
    if (table.is_byte_level()) {
        for (const char c : piece) add(table.symbol_of_byte(static_cast<unsigned char>(c)));
        return;
    }
    for (std::size_t at = 0; at < piece.size();) {
        const std::size_t size = std::min(piece.size() - at, character_size(static_cast<unsigned char>(piece[at])));
        std::uint32_t bytes = 0;
        for (std::size_t i = 0; i < size; ++i) {
            bytes |= std::uint32_t{static_cast<unsigned char>(piece[at + i])} << (8 * i);
        }
        const Symbol symbol = table.symbol_of_character(bytes);
        for (std::size_t i = 0; i < size && symbol == TokenTable::none; ++i) {
            add(table.symbol_of_byte(static_cast<unsigned char>(piece[at + i])));
        }
        if (symbol != TokenTable::none) add(symbol);
        at += size;
    }
}

}  // namespace

std::span<const Symbol> PieceMerger::merge_short(std::string_view piece) {
    const auto find = [this](Symbol left, Symbol right) { return table_.find_pair(left, right); };
    FewSymbols& few = memory_.few;
    few.clear();
    if (table_.is_byte_level()) {
        auto before = static_cast<unsigned char>(piece[0]);
        few.add(table_.symbol_of_byte(before), {});
        for (const char c : piece.substr(1)) {
            const auto byte = static_cast<unsigned char>(c);
            few.add(table_.symbol_of_byte(byte), table_.find_byte_pair(before, byte));
            before = byte;
        }
    } else {
        first_symbols(table_, piece, [&](Symbol symbol) {
            few.add(symbol, few.size() == 0 ? TokenTable::Joined{} : find(few.last(), symbol));
        });
    }
    return few.merge(find);
}

void PieceMerger::merge_into(std::vector<Symbol>& out, std::string_view piece) {
    out.clear();
    if (piece.size() <= FewSymbols::count_max) {
        const std::span<const Symbol> symbols = merge_short(piece);
        out.assign(symbols.begin(), symbols.end());
        return;
    }
    memory_.many.clear();
    first_symbols(table_, piece, [this](Symbol symbol) { memory_.many.add(symbol); });
    memory_.many.merge([this](Symbol left, Symbol right) { return table_.find_pair(left, right); });
    memory_.many.append_to(out);
}

std::size_t PieceMerger::guess_by_characters(std::vector<Symbol>& out, std::string_view rest) {
    struct Character {
        std::size_t begin, size;
        PieceKey key;
        std::uint64_t hash;
    };
    std::array<Character, 48> characters;
    std::size_t count = 0;
    std::size_t at = 0;
    // First all places in the table are named, so that waiting for them overlaps.
    while (at < rest.size() && count < characters.size()) {
        const auto is_continued = [&](std::size_t i) {
            return i < rest.size() && (static_cast<unsigned char>(rest[i]) & 0xC0) == 0x80;
        };
        std::size_t end = at + 1;
        while (end - at < 4 && is_continued(end)) ++end;
        const PieceKey key = piece_key(rest.substr(at, end - at));
        characters[count] = {at, end - at, key, hash_of(key)};
        table_.prefetch_piece(characters[count++].hash);
        at = end;
    }
    const auto find = [this](Symbol left, Symbol right) { return table_.find_pair(left, right); };
    FewSymbols& few = memory_.few;
    few.clear();
    const auto add = [&](Symbol symbol) {
        table_.prefetch_making(symbol);
        few.add(symbol, few.size() == 0 ? TokenTable::Joined{} : find(few.last(), symbol));
    };
    for (const Character& character : std::span(characters).first(count)) {
        if (few.size() + character.size > FewSymbols::count_max) {
            at = character.begin;
            break;
        }
        const std::uint32_t value = table_.find_piece(character.key, character.hash);
        if (value != TokenTable::no_piece && (value & TokenTable::only_whole) == 0) {
            add(value);
            continue;
        }
        for (const char byte : rest.substr(character.begin, character.size)) {
            add(table_.symbol_of_byte(static_cast<unsigned char>(byte)));
        }
    }
    const std::span<const Symbol> symbols = few.merge(find);
    out.assign(symbols.begin(), symbols.end());
    for (const Symbol symbol : out) table_.prefetch_making(symbol);
    return at;
}

}  // namespace forebay::tokenizer
