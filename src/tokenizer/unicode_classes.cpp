// Most of the 4,352 blocks of 256 code points are uniform or equal to another one, so that the table of blocks and the
// distinct blocks take some 40 KiB.
#include "tokenizer/unicode_classes.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

namespace forebay::tokenizer {
namespace {

// CJK Extension I, the letters that Unicode 15.1 added to 15.0: Debian 12's ICU does not know them yet.
constexpr UChar32 extension_i_first = 0x2EBF0;
constexpr UChar32 extension_i_last = 0x2EE5D;

bool newer_than_unicode_15_1(UChar32 character) {
    UVersionInfo age{};
    u_charAge(character, age);
    return age[0] > 15 || (age[0] == 15 && age[1] > 1);
}

CharacterClass class_of(UChar32 character) {
    if (character == '\r' || character == '\n') return CharacterClass::newline;
    if (character >= extension_i_first && character <= extension_i_last) return CharacterClass::letter;
    const std::uint32_t category = U_GET_GC_MASK(character);
    if ((category & (U_GC_L_MASK | U_GC_N_MASK)) != 0 && newer_than_unicode_15_1(character)) {
        return CharacterClass::other;
    }
    if ((category & U_GC_L_MASK) != 0) return CharacterClass::letter;
    if ((category & U_GC_N_MASK) != 0) return CharacterClass::number;
    return u_isUWhiteSpace(character) ? CharacterClass::whitespace : CharacterClass::other;
}

}  // namespace

const UnicodeClasses& UnicodeClasses::get() {
    static const UnicodeClasses classes;
    return classes;
}

UnicodeClasses::UnicodeClasses() {
    std::map<std::string, std::uint16_t> index_of;
    std::string block(block_size, '\0');
    for (std::size_t index = 0; index < block_of_.size(); ++index) {
        for (std::size_t i = 0; i < block_size; ++i) {
            block[i] = static_cast<char>(class_of(static_cast<UChar32>(index * block_size + i)));
        }
        const auto [place, is_new] = index_of.emplace(block, static_cast<std::uint16_t>(index_of.size()));
        block_of_[index] = place->second;
        if (!is_new) continue;
        for (const char value : block) classes_.push_back(static_cast<CharacterClass>(value));
    }
}

}  // namespace forebay::tokenizer
