// A compare of 64 bytes with a constant is one instruction with AVX-512BW, two with AVX2, so that nine sets take some
// 20 or 60 instructions. The portable way looks each byte up and gathers one bit of eight bytes by a multiplication:
// some 350 instructions.
#include "tokenizer/byte_scan.h"

#include <array>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace forebay::tokenizer {
namespace {

// The bits of a byte's entry in the portable table.
enum : std::uint8_t {
    upper = 1,
    lower = 2,
    digit = 4,
    space = 8,
    blank = 16,
    newline = 32,
    apostrophe = 64,
    slash = 128
};

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (std::size_t i = 0; i < 26; ++i) {
        classes['A' + i] = upper;
        classes['a' + i] = lower;
    }
    for (std::size_t i = '0'; i <= '9'; ++i) classes[i] = digit;
    classes[' '] = space;
    classes['\t'] = classes['\v'] = classes['\f'] = blank;
    classes['\r'] = classes['\n'] = newline;
    classes['\''] = apostrophe;
    classes['/'] = slash;
    return classes;
}

constexpr std::array<std::uint8_t, 256> byte_classes = make_classes();
constexpr std::uint64_t low_bits = 0x0101010101010101;

// Bit i of the result is the lowest bit of byte i of `bytes`, whose other bits are zero.
constexpr std::uint64_t gathered(std::uint64_t bytes) { return bytes * 0x0102040810204080 >> 56; }

// The sets of bytes of UTF-8: those that go on a character, those that start one of two bytes or more, of three or
// more, of four.
constexpr std::uint64_t wide_starts(std::uint64_t next, std::uint64_t two, std::uint64_t three, std::uint64_t four) {
    constexpr std::uint64_t unknown = std::uint64_t{1} << 63;
    const std::uint64_t second = next >> 1 | unknown;
    const std::uint64_t third = second >> 1 | unknown;
    const std::uint64_t fourth = third >> 1 | unknown;
    return two & second & (~three | third) & (~four | fourth);
}

void scan_portable(const unsigned char* bytes, ByteMasks& masks) {
    ByteMasks result;
    std::uint64_t next = 0, two = 0, three = 0, four = 0;
    for (std::size_t at = 0; at < scan_block; at += 8) {
        std::uint64_t classes = 0;
        std::uint64_t values = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            classes |= std::uint64_t{byte_classes[bytes[at + i]]} << (8 * i);
            values |= std::uint64_t{bytes[at + i]} << (8 * i);
        }
        const auto set = [&](int bit) { return gathered(classes >> bit & low_bits) << at; };
        result.upper |= set(0);
        result.lower |= set(1);
        result.digit |= set(2);
        result.space |= set(3);
        result.blank |= set(4);
        result.newline |= set(5);
        result.apostrophe |= set(6);
        result.slash |= set(7);
        const std::uint64_t starts = values >> 7 & values >> 6 & low_bits;
        next |= gathered(values >> 7 & ~(values >> 6) & low_bits) << at;
        two |= gathered(starts) << at;
        three |= gathered(starts & values >> 5) << at;
        four |= gathered(starts & values >> 5 & values >> 4) << at;
    }
    result.wide = wide_starts(next, two, three, four);
    masks = result;
}

#if defined(__x86_64__)

[[gnu::target("avx512f,avx512bw")]] inline std::uint64_t equal_avx512(__m512i v, char c) {
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c));
}

[[gnu::target("avx512f,avx512bw")]] inline std::uint64_t between_avx512(__m512i v, char first, char last) {
    const __m512i from_first = _mm512_sub_epi8(v, _mm512_set1_epi8(first));
    return _mm512_cmple_epu8_mask(from_first, _mm512_set1_epi8(static_cast<char>(last - first)));
}

[[gnu::target("avx512f,avx512bw")]] void scan_avx512(const unsigned char* bytes, ByteMasks& masks) {
    const __m512i v = _mm512_loadu_si512(bytes);
    masks.upper = between_avx512(v, 'A', 'Z');
    masks.lower = between_avx512(v, 'a', 'z');
    masks.digit = between_avx512(v, '0', '9');
    masks.space = equal_avx512(v, ' ');
    masks.newline = equal_avx512(v, '\r') | equal_avx512(v, '\n');
    masks.blank = between_avx512(v, '\t', '\r') & ~masks.newline;
    masks.apostrophe = equal_avx512(v, '\'');
    masks.slash = equal_avx512(v, '/');
    masks.wide = 0;
    const std::uint64_t high = _mm512_movepi8_mask(v);
    if (high == 0) return;
    const std::uint64_t next = high & ~between_avx512(v, '\xC0', '\xFF');
    masks.wide = wide_starts(next, high & ~next, between_avx512(v, '\xE0', '\xFF'), between_avx512(v, '\xF0', '\xFF'));
}

struct Halves {
    __m256i low, high;
};

[[gnu::target("avx2")]] inline std::uint64_t mask_of(__m256i low, __m256i high) {
    const auto low_bits_of = static_cast<std::uint32_t>(_mm256_movemask_epi8(low));
    const auto high_bits_of = static_cast<std::uint32_t>(_mm256_movemask_epi8(high));
    return low_bits_of | std::uint64_t{high_bits_of} << 32;
}

[[gnu::target("avx2")]] inline std::uint64_t equal_avx2(Halves v, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return mask_of(_mm256_cmpeq_epi8(v.low, wanted), _mm256_cmpeq_epi8(v.high, wanted));
}

[[gnu::target("avx2")]] inline std::uint64_t between_avx2(Halves v, char first, char last) {
    const __m256i start = _mm256_set1_epi8(first);
    const __m256i width = _mm256_set1_epi8(static_cast<char>(last - first));
    const __m256i low = _mm256_sub_epi8(v.low, start);
    const __m256i high = _mm256_sub_epi8(v.high, start);
    return mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(low, width), low),
                   _mm256_cmpeq_epi8(_mm256_min_epu8(high, width), high));
}

[[gnu::target("avx2")]] void scan_avx2(const unsigned char* bytes, ByteMasks& masks) {
    const auto* vectors = reinterpret_cast<const __m256i*>(bytes);
    const Halves v{_mm256_loadu_si256(vectors), _mm256_loadu_si256(vectors + 1)};
    masks.upper = between_avx2(v, 'A', 'Z');
    masks.lower = between_avx2(v, 'a', 'z');
    masks.digit = between_avx2(v, '0', '9');
    masks.space = equal_avx2(v, ' ');
    masks.newline = equal_avx2(v, '\r') | equal_avx2(v, '\n');
    masks.blank = between_avx2(v, '\t', '\r') & ~masks.newline;
    masks.apostrophe = equal_avx2(v, '\'');
    masks.slash = equal_avx2(v, '/');
    masks.wide = 0;
    const std::uint64_t high = mask_of(v.low, v.high);
    if (high == 0) return;
    const std::uint64_t next = high & ~between_avx2(v, '\xC0', '\xFF');
    masks.wide = wide_starts(next, high & ~next, between_avx2(v, '\xE0', '\xFF'), between_avx2(v, '\xF0', '\xFF'));
}

#endif

std::vector<NamedByteScan> available_scans() {
    std::vector<NamedByteScan> scans{{"portable", scan_portable}};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) scans.push_back({"AVX2", scan_avx2});
    if (__builtin_cpu_supports("avx512bw")) scans.push_back({"AVX-512", scan_avx512});
#endif
    return scans;
}

}  // namespace

std::span<const NamedByteScan> byte_scans() {
    static const std::vector<NamedByteScan> scans = available_scans();
    return scans;
}

ByteScan fastest_byte_scan() { return byte_scans().back().scan; }

}  // namespace forebay::tokenizer
