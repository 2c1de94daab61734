#include "tokenizer/unicode_classes.h"

#include <unicode/uchar.h>
#include <unicode/uversion.h>

#include <map>
#include <string>

namespace forebay::tokenizer {
namespace {

struct Addition {
    char32_t first, last;
    CharacterBits bits;
};

// What Unicode 15.1 added to 15.0, the version of Debian 12's ICU.
constexpr Addition added_in_15_1[] = {
    {0x2FFC, 0x2FFF, is::symbol}, {0x31EF, 0x31EF, is::symbol}, {0x2EBF0, 0x2EE5D, is::other_letter}};

// The letters, marks and numbers that Unicode 16.0 added to 15.1. The rules that go by this version do not tell symbols
// and punctuation from unassigned characters.
constexpr Addition added_in_16_0[] = {
    {0x897, 0x897, is::mark},
    {0x1C89, 0x1C89, is::upper},
    {0x1C8A, 0x1C8A, is::lower},
    {0xA7CB, 0xA7CC, is::upper},
    {0xA7CD, 0xA7CD, is::lower},
    {0xA7DA, 0xA7DA, is::upper},
    {0xA7DB, 0xA7DB, is::lower},
    {0xA7DC, 0xA7DC, is::upper},
    {0x105C0, 0x105F3, is::other_letter},
    {0x10D40, 0x10D49, is::number},
    {0x10D4A, 0x10D4F, is::other_letter},
    {0x10D50, 0x10D65, is::upper},
    {0x10D69, 0x10D6D, is::mark},
    {0x10D6F, 0x10D6F, is::other_letter},
    {0x10D70, 0x10D85, is::lower},
    {0x10EC2, 0x10EC4, is::other_letter},
    {0x10EFC, 0x10EFC, is::mark},
    {0x11380, 0x11389, is::other_letter},
    {0x1138B, 0x1138B, is::other_letter},
    {0x1138E, 0x1138E, is::other_letter},
    {0x11390, 0x113B5, is::other_letter},
    {0x113B7, 0x113B7, is::other_letter},
    {0x113B8, 0x113C0, is::mark},
    {0x113C2, 0x113C2, is::mark},
    {0x113C5, 0x113C5, is::mark},
    {0x113C7, 0x113CA, is::mark},
    {0x113CC, 0x113D0, is::mark},
    {0x113D1, 0x113D1, is::other_letter},
    {0x113D2, 0x113D2, is::mark},
    {0x113D3, 0x113D3, is::other_letter},
    {0x113E1, 0x113E2, is::mark},
    {0x116D0, 0x116E3, is::number},
    {0x11BC0, 0x11BE0, is::other_letter},
    {0x11BF0, 0x11BF9, is::number},
    {0x11F5A, 0x11F5A, is::mark},
    {0x13460, 0x143FA, is::other_letter},
    {0x16100, 0x1611D, is::other_letter},
    {0x1611E, 0x1612F, is::mark},
    {0x16130, 0x16139, is::number},
    {0x16D40, 0x16D6C, is::other_letter},
    {0x16D70, 0x16D79, is::number},
    {0x18CFF, 0x18CFF, is::other_letter},
    {0x1CCF0, 0x1CCF9, is::number},
    {0x1E5D0, 0x1E5ED, is::other_letter},
    {0x1E5EE, 0x1E5EF, is::mark},
    {0x1E5F0, 0x1E5F0, is::other_letter},
    {0x1E5F1, 0x1E5FA, is::number},
};

CharacterBits bits_of_category(std::uint32_t category) {
    if ((category & (U_GC_LU_MASK | U_GC_LT_MASK)) != 0) return is::upper;
    if ((category & U_GC_LL_MASK) != 0) return is::lower;
    if ((category & U_GC_L_MASK) != 0) return is::other_letter;
    if ((category & U_GC_M_MASK) != 0) return is::mark;
    if ((category & U_GC_N_MASK) != 0) return is::number;
    if ((category & U_GC_P_MASK) != 0) return is::punctuation;
    return (category & U_GC_S_MASK) != 0 ? is::symbol : CharacterBits{0};
}

// All characters with White_Space are separators or controls.
bool may_be_white_space(std::uint32_t category) { return (category & (U_GC_Z_MASK | U_GC_CC_MASK)) != 0; }

UBool fill_range(const void* context, UChar32 start, UChar32 limit, UCharCategory type) {
    // ICU's callback has no other way to say where the result goes.
    auto& values = *static_cast<std::vector<CharacterBits>*>(const_cast<void*>(context));
    const std::uint32_t category = U_MASK(type);
    const CharacterBits bits = bits_of_category(category);
    for (UChar32 character = start; character < limit; ++character) {
        const bool space = may_be_white_space(category) && u_isUWhiteSpace(character);
        values[static_cast<std::size_t>(character)] = space ? is::white_space : bits;
    }
    return true;
}

// An ICU that is newer than 15.0 knows characters that the version asked for does not.
void remove_newer(std::vector<CharacterBits>& values) {
    UVersionInfo icu{};
    u_getUnicodeVersion(icu);
    if (icu[0] <= 15 && icu[1] == 0) return;
    for (std::size_t character = 0; character < values.size(); ++character) {
        if (values[character] == 0) continue;
        UVersionInfo age{};
        u_charAge(static_cast<UChar32>(character), age);
        if (age[0] > 15 || (age[0] == 15 && age[1] > 0)) values[character] = 0;
    }
}

template <std::size_t Size>
void add(std::vector<CharacterBits>& values, const Addition (&additions)[Size]) {
    for (const Addition& addition : additions) {
        for (char32_t character = addition.first; character <= addition.last; ++character) {
            values[character] = addition.bits;
        }
    }
}

std::vector<CharacterBits> all_bits(UnicodeVersion version) {
    std::vector<CharacterBits> values(CharacterTable::code_points);
    u_enumCharTypes(fill_range, &values);
    remove_newer(values);
    add(values, added_in_15_1);
    if (version == UnicodeVersion::v16_0) add(values, added_in_16_0);
    return values;
}

}  // namespace

CharacterTable::CharacterTable(const std::vector<std::uint8_t>& values) {
    std::map<std::string, std::uint16_t> index_of;
    for (std::size_t index = 0; index < block_of_.size(); ++index) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(index * block_size);
        const auto end = begin + block_size;
        const auto [place, is_new] =
            index_of.emplace(std::string(begin, end), static_cast<std::uint16_t>(index_of.size()));
        block_of_[index] = place->second;
        if (is_new) values_.insert(values_.end(), begin, end);
    }
}

UnicodeClasses::UnicodeClasses(UnicodeVersion version) : table_(all_bits(version)) {}

const UnicodeClasses& UnicodeClasses::get(UnicodeVersion version) {
    static const UnicodeClasses v15_1(UnicodeVersion::v15_1);
    if (version == UnicodeVersion::v15_1) return v15_1;
    static const UnicodeClasses v16_0(UnicodeVersion::v16_0);
    return v16_0;
}

}  // namespace forebay::tokenizer
