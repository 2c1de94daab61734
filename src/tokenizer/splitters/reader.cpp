#include "tokenizer/splitters/reader.h"

#include <vector>

namespace forebay::tokenizer {
namespace {

std::vector<std::uint8_t> all_kinds(KindTable::KindOf kind_of, UnicodeVersion version) {
    const UnicodeClasses& classes = UnicodeClasses::get(version);
    std::vector<std::uint8_t> kinds(CharacterTable::code_points);
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto character = static_cast<char32_t>(i);
        kinds[i] = kind_of(character, classes.bits(character));
    }
    return kinds;
}

}  // namespace

KindTable::KindTable(KindOf kind_of, UnicodeVersion version) : table_(all_kinds(kind_of, version)) {
    single_.fill(table_.at(U'\xFFFD'));
    for (std::size_t i = 0; i < 0x80; ++i) single_[i] = table_.at(static_cast<char32_t>(i));
}

}  // namespace forebay::tokenizer
