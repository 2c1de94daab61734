#include "tokenizer/byte_scan.h"

#include <gmock/gmock.h>

#include <random>
#include <string>

namespace forebay::tokenizer {
namespace {

using Bytes = std::string;

bool is_in_range(const Bytes& bytes, std::size_t at, int first, int last) {
    // What is not there may be anything.
    if (at >= bytes.size()) return true;
    const auto byte = static_cast<unsigned char>(bytes[at]);
    return byte >= first && byte <= last;
}

bool may_start_wide(const Bytes& bytes, std::size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    if (first < 0xC0) return false;
    const std::size_t promised = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    for (std::size_t i = 1; i < promised; ++i) {
        if (!is_in_range(bytes, at + i, 0x80, 0xBF)) return false;
    }
    return true;
}

// The sets by their definition, byte by byte.
ByteMasks expected_masks(const Bytes& bytes) {
    ByteMasks masks;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const auto add = [&](std::uint64_t& set, bool is_member) { set |= std::uint64_t{is_member} << at; };
        const auto is_one_of = [&](std::string_view set) { return set.contains(bytes[at]); };
        add(masks.upper, is_in_range(bytes, at, 'A', 'Z'));
        add(masks.lower, is_in_range(bytes, at, 'a', 'z'));
        add(masks.digit, is_in_range(bytes, at, '0', '9'));
        add(masks.space, is_one_of(" "));
        add(masks.blank, is_one_of("\t\v\f"));
        add(masks.newline, is_one_of("\r\n"));
        add(masks.apostrophe, is_one_of("'"));
        add(masks.slash, is_one_of("/"));
        add(masks.wide, may_start_wide(bytes, at));
    }
    return masks;
}

void expect_scanned(const NamedByteScan& scan, const Bytes& bytes) {
    const ByteMasks expected = expected_masks(bytes);
    ByteMasks masks;
    scan.scan(reinterpret_cast<const unsigned char*>(bytes.data()), masks);

    const auto fields = [](const ByteMasks& one) {
        return std::array{one.upper,   one.lower,      one.digit, one.space, one.blank,
                          one.newline, one.apostrophe, one.slash, one.wide};
    };
    EXPECT_EQ(fields(masks), fields(expected)) << scan.name << ": " << testing::PrintToString(bytes);
}

Bytes random_block(std::mt19937_64& random, std::string_view alphabet) {
    Bytes bytes(scan_block, '\0');
    for (char& byte : bytes) byte = alphabet[random() % alphabet.size()];
    return bytes;
}

TEST(ByteScan, EveryByteIsInItsSetsAtEveryPlace) {
    for (const NamedByteScan& scan : byte_scans()) {
        for (int value = 0; value < 256; ++value) {
            for (std::size_t place = 0; place < scan_block; ++place) {
                Bytes bytes(scan_block, '~');
                bytes[place] = static_cast<char>(value);
                expect_scanned(scan, bytes);
            }
        }
    }
}

TEST(ByteScan, RandomBlocksAreScannedAlikeInAllWays) {
    std::mt19937_64 random(20);
    Bytes all(256, '\0');
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i);
    const std::string_view alphabets[] = {all, "aZ0 \t\n'/\x80\xC3\xE4\xF0\xBF",
                                          "\xC1\xC2\xDF\xE0\xEF\xF4\xF8\xFF\x80\xBF"};
    for (const NamedByteScan& scan : byte_scans()) {
        for (int i = 0; i < 5000; ++i) expect_scanned(scan, random_block(random, alphabets[random() % 3]));
    }
}

TEST(ByteScan, ThePortableWayIsAlwaysThereAndTheFastestIsOneOfThem) {
    EXPECT_EQ(byte_scans().front().name, "portable");
    EXPECT_EQ(fastest_byte_scan(), byte_scans().back().scan);
}

}  // namespace
}  // namespace forebay::tokenizer
