#include "tokenizer/token_table.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "base/hash.h"
#include "tokenizer/large_pages.h"
#include "tokenizer/table_format.h"

namespace forebay::tokenizer {
namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const TableHeader& header_of(std::span<const std::byte> bytes) {
    return *reinterpret_cast<const TableHeader*>(bytes.data());
}

// Whether a section has `count` elements of `size` bytes each inside the table.
bool holds(const TableHeader& header, Section section, std::uint64_t count, std::uint64_t size) {
    const SectionPlace& place = header.at(section);
    return place.size == count * size && place.offset % table_alignment == 0 && place.offset <= header.size &&
           place.size <= header.size - place.offset;
}

bool sections_fit(const TableHeader& header) {
    for (const SectionPlace& place : header.sections) {
        if (place.offset > header.size || place.size > header.size - place.offset) return false;
    }
    const std::uint64_t others = header.symbols - header.tokens;
    const SectionPlace& index = header.at(Section::text_index);
    const SectionPlace& characters = header.at(Section::characters);
    const SectionPlace& filter = header.at(Section::piece_filter);
    const SectionPlace& pair_filter = header.at(Section::pair_filter);
    const SectionPlace& prefixes = header.at(Section::long_prefixes);
    return holds(header, Section::byte_symbols, 256, 4) && holds(header, Section::sizes, header.symbols, 2) &&
           holds(header, Section::makings, header.symbols, sizeof(TokenTable::Making)) &&
           holds(header, Section::token_flags, header.tokens, 1) &&
           holds(header, Section::text_offsets, header.tokens + 1, 4) &&
           holds(header, Section::expansion_offsets, others + 1, 4) && std::has_single_bit(index.size) &&
           index.size >= 4 && header.at(Section::pieces).size >= 64 && header.at(Section::pairs).size >= 64 &&
           std::has_single_bit(filter.size) && filter.size >= 8 && std::has_single_bit(pair_filter.size) &&
           pair_filter.size >= 8 && (prefixes.size == 0 || std::has_single_bit(prefixes.size / sizeof(LongPrefix))) &&
           (characters.size == 0 || std::has_single_bit(characters.size));
}

}  // namespace

TokenTable::TokenTable(std::shared_ptr<const void> memory, std::span<const std::byte> bytes)
    : memory_(std::move(memory)), bytes_(bytes) {
    const TableHeader& head = header();
    const auto at = [&](Section section) { return bytes_.data() + head.at(section).offset; };
    pieces_ = reinterpret_cast<const PieceBucket*>(at(Section::pieces));
    piece_filter_ = reinterpret_cast<const std::uint64_t*>(at(Section::piece_filter));
    piece_filter_words_ = head.at(Section::piece_filter).size / sizeof(std::uint64_t);
    pair_filter_ = reinterpret_cast<const std::uint64_t*>(at(Section::pair_filter));
    pair_filter_words_ = head.at(Section::pair_filter).size / sizeof(std::uint64_t);
    pairs_ = reinterpret_cast<const PairBucket*>(at(Section::pairs));
    byte_pairs_ = reinterpret_cast<const Joined*>(at(Section::byte_pairs));
    byte_symbols_ = reinterpret_cast<const Symbol*>(at(Section::byte_symbols));
    characters_ = reinterpret_cast<const CharacterSlot*>(at(Section::characters));
    sizes_ = reinterpret_cast<const std::uint16_t*>(at(Section::sizes));
    makings_ = reinterpret_cast<const Making*>(at(Section::makings));
    text_offsets_ = reinterpret_cast<const std::uint32_t*>(at(Section::text_offsets));
    text_ = reinterpret_cast<const char*>(at(Section::text));
    piece_buckets_ = head.at(Section::pieces).size / sizeof(PieceBucket);
    pair_buckets_ = head.at(Section::pairs).size / sizeof(PairBucket);
    character_slots_ = head.at(Section::characters).size / sizeof(CharacterSlot);
    token_count_ = head.tokens;
    symbol_count_ = head.symbols;
    byte_level_ = head.kind == VocabularyKind::ranks || head.kind == VocabularyKind::byte_merges;
}

Result<TokenTable> TokenTable::checked(std::shared_ptr<const void> memory, std::span<const std::byte> bytes,
                                       bool verify_checksum) {
    const bool has_header = bytes.size() >= table_header_bytes && header_of(bytes).magic == TableHeader::expected_magic;
    if (!has_header) return fail(Code::invalid_argument, "these bytes are not a table of tokens");
    const TableHeader& head = header_of(bytes);
    if (head.version != TableHeader::expected_version) {
        return fail(Code::invalid_argument, "the table of tokens is of version {}, not {}", head.version,
                    TableHeader::expected_version);
    }
    const bool whole = head.size == bytes.size() && head.tokens <= head.symbols && head.symbols < only_whole;
    if (!whole || !sections_fit(head))
        return fail(Code::invalid_argument, "the table of tokens is cut short or damaged");
    if (verify_checksum && checksum(as_text(bytes.subspan(table_header_bytes))) != head.checksum) {
        return fail(Code::invalid_argument, "the table of tokens is damaged: its checksum is another one");
    }
    return TokenTable(std::move(memory), bytes);
}

Result<TokenTable> TokenTable::over(std::span<const std::byte> bytes) { return checked(nullptr, bytes, false); }

Result<TokenTable> TokenTable::copy_of(std::span<const std::byte> bytes) {
    auto memory = std::make_shared<LargePages<std::byte>>(bytes.size());
    std::byte* begin = memory->data();
    std::memcpy(begin, bytes.data(), bytes.size());
    return checked(std::move(memory), {begin, bytes.size()}, false);
}

Result<TokenTable> TokenTable::open_blocking(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return fail(Code::not_found, "cannot open '{}': {}", file, std::strerror(errno));
    struct stat status{};
    const bool sized = ::fstat(descriptor, &status) == 0 && status.st_size > 0;
    const auto size = static_cast<std::size_t>(sized ? status.st_size : 0);
    void* mapped = sized ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0) : MAP_FAILED;
    ::close(descriptor);
    if (mapped == MAP_FAILED) return fail(Code::invalid_argument, "'{}' is not a table of tokens", file);
    std::shared_ptr<const void> memory(mapped, [size](void* at) { ::munmap(at, size); });
    auto table = checked(std::move(memory), {static_cast<const std::byte*>(mapped), size}, true);
    if (!table) return fail(Code::invalid_argument, "'{}': {}", file, table.error().message);
    return table;
}

const TableHeader& TokenTable::header() const { return header_of(bytes_); }
VocabularyKind TokenTable::kind() const { return header().kind; }
SpecialOrder TokenTable::special_order() const { return header().special_order; }
bool TokenTable::has_only_whole() const { return header().has_only_whole != 0; }
bool TokenTable::space_prefix() const { return header().space_prefix != 0; }
bool TokenTable::spaces_are_marks() const { return header().spaces_are_marks != 0; }
bool TokenTable::add_begin() const { return header().add_begin != 0; }
bool TokenTable::add_end() const { return header().add_end != 0; }
TokenId TokenTable::begin() const { return header().begin; }
TokenId TokenTable::end() const { return header().end; }
TokenId TokenTable::unknown() const { return header().unknown; }
std::size_t TokenTable::token_bytes_max() const { return header().token_bytes_max; }

std::string_view TokenTable::name_part(std::size_t index) const {
    const SectionPlace& place = header().at(Section::names);
    std::string_view rest = as_text(bytes_.subspan(place.offset, place.size));
    for (; index > 0; --index) rest.remove_prefix(std::min(rest.size(), rest.find('\0') + 1));
    return rest.substr(0, rest.find('\0'));
}

std::string_view TokenTable::name() const { return name_part(0); }
std::string_view TokenTable::source() const { return name_part(1); }
std::string_view TokenTable::splitter() const { return name_part(2); }

namespace {

std::uint8_t flags_of(std::span<const std::byte> bytes, TokenId token) {
    const std::size_t at = header_of(bytes).at(Section::token_flags).offset + static_cast<std::size_t>(token);
    return std::to_integer<std::uint8_t>(bytes[at]);
}

}  // namespace

TokenKind TokenTable::kind_of(TokenId token) const {
    return static_cast<TokenKind>(flags_of(bytes_, token) & flag_kind);
}
bool TokenTable::strips_left(TokenId token) const { return (flags_of(bytes_, token) & flag_strip_left) != 0; }
bool TokenTable::strips_right(TokenId token) const { return (flags_of(bytes_, token) & flag_strip_right) != 0; }

TokenId TokenTable::find_text(std::string_view text) const {
    const SectionPlace& place = header().at(Section::text_index);
    const auto* slots = reinterpret_cast<const std::uint32_t*>(bytes_.data() + place.offset);
    const std::size_t count = place.size / sizeof(std::uint32_t);
    if (text.empty() || text.size() > token_bytes_max()) return -1;
    for (std::size_t at = checksum(text) & (count - 1);; at = (at + 1) & (count - 1)) {
        if (slots[at] == none) return -1;
        const auto token = static_cast<TokenId>(slots[at]);
        if (text_of(token) == text) return token;
    }
}

std::uint32_t TokenTable::find_long_piece(std::string_view piece) const {
    const TokenId token = find_text(piece);
    if (token < 0) return no_piece;
    const std::uint8_t flags = flags_of(bytes_, token);
    if ((flags & flag_piece) == 0) return no_piece;
    return static_cast<std::uint32_t>(token) | ((flags & flag_only_whole) != 0 ? only_whole : 0);
}

std::span<const std::uint16_t> TokenTable::longer_sizes(std::uint64_t hash_of_15_bytes) const {
    const SectionPlace& place = header().at(Section::long_prefixes);
    const std::size_t count = place.size / sizeof(LongPrefix);
    if (count == 0) return {};
    const auto* slots = reinterpret_cast<const LongPrefix*>(bytes_.data() + place.offset);
    for (std::size_t at = hash_of_15_bytes & (count - 1);; at = (at + 1) & (count - 1)) {
        if (slots[at].count == 0) return {};
        if (slots[at].hash == hash_of_15_bytes) return std::span(slots[at].sizes).first(slots[at].count);
    }
}

Symbol TokenTable::symbol_of_character(std::uint32_t bytes) const {
    if (character_slots_ == 0) return none;
    for (std::size_t at = character_place(bytes, character_slots_);; at = (at + 1) & (character_slots_ - 1)) {
        const CharacterSlot& slot = characters_[at];
        if (slot.symbol == none || slot.bytes == bytes) return slot.symbol;
    }
}

std::span<const TokenId> TokenTable::tokens_of(Symbol symbol) const {
    const TableHeader& head = header();
    const auto* offsets =
        reinterpret_cast<const std::uint32_t*>(bytes_.data() + head.at(Section::expansion_offsets).offset);
    const auto* tokens = reinterpret_cast<const TokenId*>(bytes_.data() + head.at(Section::expansions).offset);
    const std::size_t i = symbol - token_count_;
    return {tokens + offsets[i], offsets[i + 1] - offsets[i]};
}

}  // namespace forebay::tokenizer
