#include "tokenizer/table_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <map>

#include "base/hash.h"

namespace forebay::tokenizer {
namespace {

// Most look-ups end at the first cache line.
constexpr std::size_t filter_words(std::size_t entries) { return std::bit_ceil(entries / 6 + 1); }
constexpr std::size_t buckets_for(std::size_t entries, std::size_t ways) { return entries * 10 / (ways * 7) + 1; }

}  // namespace

TableWriter::TableWriter(const Vocabulary& vocabulary) : vocabulary_(vocabulary), bytes_(table_header_bytes) {
    header_.kind = vocabulary.kind;
    header_.space_prefix = vocabulary.space_prefix ? 1 : 0;
    header_.spaces_are_marks = vocabulary.spaces_are_marks ? 1 : 0;
    header_.add_begin = vocabulary.add_begin ? 1 : 0;
    header_.add_end = vocabulary.add_end ? 1 : 0;
    header_.special_order = vocabulary.special_order;
    header_.begin = vocabulary.begin;
    header_.end = vocabulary.end;
    header_.unknown = vocabulary.unknown;
    header_.tokens = vocabulary.tokens.size();
}

template <class Element>
void TableWriter::append(Section section, std::span<const Element> elements) {
    bytes_.resize((bytes_.size() + table_alignment - 1) / table_alignment * table_alignment);
    header_.at(section) = {bytes_.size(), elements.size_bytes()};
    const auto raw = std::as_bytes(elements);
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
}

void TableWriter::append_pieces(const std::vector<TableParts::Piece>& pieces) {
    std::vector<TokenTable::PieceBucket> buckets(buckets_for(pieces.size(), TokenTable::piece_ways));
    for (auto& bucket : buckets) bucket = {};
    for (const TableParts::Piece& piece : pieces) {
        const PieceKey key = piece_key(piece.text);
        for (std::size_t at = TokenTable::bucket_of(hash_of(key), buckets.size());; at = (at + 1) % buckets.size()) {
            TokenTable::PieceBucket& bucket = buckets[at];
            const auto free = std::ranges::find(bucket.high, std::uint64_t{0});
            if (free == bucket.high.end()) {
                bucket.overflowed = 1;
                continue;
            }
            const auto i = static_cast<std::size_t>(free - bucket.high.begin());
            bucket.low[i] = key.low;
            bucket.high[i] = key.high;
            bucket.value[i] = piece.value;
            break;
        }
    }
    append(Section::pieces, std::span<const TokenTable::PieceBucket>(buckets));
    std::vector<std::uint64_t> filter(filter_words(pieces.size()));
    for (const TableParts::Piece& piece : pieces) {
        const std::uint64_t hash = hash_of(piece_key(piece.text));
        filter[TokenTable::filter_place(hash, filter.size())] |= TokenTable::filter_bits(hash);
    }
    append(Section::piece_filter, std::span<const std::uint64_t>(filter));
}

void TableWriter::append_pairs(const std::vector<TableParts::Pair>& pairs) {
    std::vector<TokenTable::PairBucket> buckets(buckets_for(pairs.size(), TokenTable::pair_ways));
    for (auto& bucket : buckets) bucket = {};
    for (auto& bucket : buckets) bucket.joined.fill({0, 0});
    for (const TableParts::Pair& pair : pairs) {
        const std::uint64_t key = TokenTable::pair_key(pair.left, pair.right);
        for (std::size_t at = TokenTable::bucket_of(TokenTable::pair_hash(key), buckets.size());;
             at = (at + 1) % buckets.size()) {
            TokenTable::PairBucket& bucket = buckets[at];
            const auto free = std::ranges::find(bucket.joined, 0U, &TokenTable::Joined::priority);
            if (free == bucket.joined.end()) continue;
            bucket.key[static_cast<std::size_t>(free - bucket.joined.begin())] = key;
            *free = {pair.joined.priority + 1, pair.joined.symbol};
            break;
        }
    }
    append(Section::pairs, std::span<const TokenTable::PairBucket>(buckets));
    std::vector<std::uint64_t> filter(filter_words(pairs.size()));
    for (const TableParts::Pair& pair : pairs) {
        const std::uint64_t hash =
            TokenTable::pair_filter_hash(TokenTable::pair_hash(TokenTable::pair_key(pair.left, pair.right)));
        filter[TokenTable::filter_place(hash, filter.size())] |= TokenTable::filter_bits(hash);
    }
    append(Section::pair_filter, std::span<const std::uint64_t>(filter));
}

void TableWriter::append_long_prefixes(const std::vector<std::string_view>& pieces) {
    std::map<std::uint64_t, std::vector<std::uint16_t>> sizes_of;
    for (const std::string_view piece : pieces) {
        const std::uint64_t hash = hash_of(piece_key(piece.substr(0, PieceKey::bytes_max)));
        sizes_of[hash].push_back(static_cast<std::uint16_t>(piece.size()));
    }
    std::vector<LongPrefix> slots(sizes_of.empty() ? 0 : std::bit_ceil(sizes_of.size() * 2 + 1));
    for (auto& [hash, sizes] : sizes_of) {
        std::ranges::sort(sizes, std::greater<>());
        sizes.erase(std::ranges::unique(sizes).begin(), sizes.end());
        std::size_t at = hash & (slots.size() - 1);
        while (slots[at].count != 0) at = (at + 1) & (slots.size() - 1);
        slots[at].hash = hash;
        slots[at].count = static_cast<std::uint16_t>(std::min(sizes.size(), LongPrefix::sizes_max));
        std::copy_n(sizes.begin(), slots[at].count, slots[at].sizes.begin());
    }
    append(Section::long_prefixes, std::span<const LongPrefix>(slots));
}

void TableWriter::append_byte_pairs(const TableParts& parts) {
    const bool byte_level =
        vocabulary_.kind == VocabularyKind::ranks || vocabulary_.kind == VocabularyKind::byte_merges;
    std::vector<TokenTable::Joined> joined;
    if (byte_level) {
        std::vector<std::vector<std::size_t>> bytes_of(parts.sizes.size());
        for (std::size_t byte = 0; byte < 256; ++byte) bytes_of[parts.byte_symbols[byte]].push_back(byte);
        joined.resize(std::size_t{256} * 256);
        for (const TableParts::Pair& pair : parts.pairs) {
            for (const std::size_t left : bytes_of[pair.left]) {
                for (const std::size_t right : bytes_of[pair.right]) joined[left << 8 | right] = pair.joined;
            }
        }
    }
    append(Section::byte_pairs, std::span<const TokenTable::Joined>(joined));
}

void TableWriter::append_texts() {
    std::vector<std::uint32_t> offsets{0};
    std::string text;
    std::vector<std::uint32_t> index(std::bit_ceil(vocabulary_.tokens.size() * 2 + 1), TokenTable::none);
    const std::size_t mask = index.size() - 1;
    for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
        const std::string& bytes = vocabulary_.tokens[id].bytes;
        text += bytes;
        offsets.push_back(static_cast<std::uint32_t>(text.size()));
        header_.token_bytes_max = std::max(header_.token_bytes_max, static_cast<std::uint32_t>(bytes.size()));
        if (bytes.empty()) continue;
        std::size_t at = checksum(bytes) & mask;
        while (index[at] != TokenTable::none && vocabulary_.tokens[index[at]].bytes != bytes) at = (at + 1) & mask;
        index[at] = static_cast<std::uint32_t>(id);  // the last one of a spelling, as in llama.cpp
    }
    append(Section::text_offsets, std::span<const std::uint32_t>(offsets));
    append(Section::text, std::span<const char>(text));
    append(Section::text_index, std::span<const std::uint32_t>(index));
}

void TableWriter::append_characters(const std::vector<CharacterSlot>& characters) {
    std::vector<CharacterSlot> slots(characters.empty() ? 0 : std::bit_ceil(characters.size() * 2 + 1));
    for (const CharacterSlot& character : characters) {
        std::size_t at = character_place(character.bytes, slots.size());
        while (slots[at].symbol != TokenTable::none) at = (at + 1) & (slots.size() - 1);
        slots[at] = character;
    }
    append(Section::characters, std::span<const CharacterSlot>(slots));
}

void TableWriter::append_expansions(const std::vector<std::vector<TokenId>>& expansions) {
    std::vector<std::uint32_t> offsets{0};
    std::vector<TokenId> tokens;
    for (const std::vector<TokenId>& expansion : expansions) {
        tokens.insert(tokens.end(), expansion.begin(), expansion.end());
        offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
    }
    append(Section::expansion_offsets, std::span<const std::uint32_t>(offsets));
    append(Section::expansions, std::span<const TokenId>(tokens));
}

std::vector<std::byte> TableWriter::write(const Vocabulary& vocabulary, const TableParts& parts) {
    TableWriter writer(vocabulary);
    writer.header_.symbols = parts.sizes.size();
    const auto only_whole = [](std::uint8_t flags) { return (flags & flag_only_whole) != 0; };
    writer.header_.has_only_whole = std::ranges::any_of(parts.flags, only_whole) ? 1 : 0;
    writer.append_pieces(parts.pieces);
    writer.append_pairs(parts.pairs);
    writer.append_long_prefixes(parts.long_pieces);
    writer.append_byte_pairs(parts);
    writer.append(Section::byte_symbols, std::span<const Symbol>(parts.byte_symbols));
    writer.append(Section::sizes, std::span<const std::uint16_t>(parts.sizes));
    writer.append(Section::makings, std::span<const TokenTable::Making>(parts.makings));
    writer.append(Section::token_flags, std::span<const std::uint8_t>(parts.flags));
    writer.append_texts();
    writer.append_characters(parts.characters);
    writer.append_expansions(parts.expansions);
    const std::string names = vocabulary.name + '\0' + vocabulary.source + '\0' + vocabulary.splitter + '\0';
    writer.append(Section::names, std::span<const char>(names));
    const std::span<const std::byte> body = std::span(writer.bytes_).subspan(table_header_bytes);
    writer.header_.size = writer.bytes_.size();
    writer.header_.checksum = checksum({reinterpret_cast<const char*>(body.data()), body.size()});
    std::memcpy(writer.bytes_.data(), &writer.header_, sizeof(TableHeader));
    return std::move(writer.bytes_);
}

}  // namespace forebay::tokenizer
