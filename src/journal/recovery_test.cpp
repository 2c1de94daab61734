#include <gtest/gtest.h>

#include "journal/test_rig.h"

namespace forebay::journal {
namespace {

using config::JournalSync;

const config::JournalSettings settings = settings_with(JournalSync::none);

// Five records in one segment, each with another text.
std::string five_records(const TestFolder& folder) {
    auto journal = open_journal(folder, settings);
    for (int i = 1; i <= 5; ++i) EXPECT_TRUE(append_one(*journal, fmt::format("record number {}", i)).has_value());
    journal->stop_blocking();
    return read_file(folder.segment(1));
}

std::uint64_t offset_of(const TestFolder& folder, std::uint64_t sequence) {
    return read_all(folder, sequence).front().offset;
}

TEST(Recovery, ATornTailOfEveryLengthIsCutAndEverythingBeforeItIsIntact) {
    const TestFolder original;
    const std::string whole = five_records(original);
    const std::uint64_t last = offset_of(original, 5);
    for (std::uint64_t size = last; size < whole.size(); ++size) {
        const TestFolder folder;
        std::filesystem::create_directory(folder.journal());
        write_file(folder.segment(1), whole.substr(0, size));
        EXPECT_EQ(verify(folder).torn_tail_bytes, size - last);
        EXPECT_TRUE(verify(folder).damages.empty()) << "size " << size;
        EXPECT_EQ(read_all(folder).size(), 4u) << "a torn tail ends the reading";

        auto journal = open_journal(folder, settings);

        EXPECT_EQ(journal->recovery().torn_bytes, size - last);
        EXPECT_EQ(journal->recovery().torn_segment, size == last ? "" : folder.segment(1));
        EXPECT_EQ(journal->recovery().records, 4u);
        EXPECT_EQ(std::filesystem::file_size(folder.segment(1)), last);
        EXPECT_EQ(append_one(*journal, "again"), 5u);
        journal->stop_blocking();
        const auto records = read_all(folder);
        ASSERT_EQ(records.size(), 5u) << "size " << size;
        for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(records[i].payload, fmt::format("record number {}", i + 1));
        EXPECT_EQ(verify(folder).torn_tail_bytes, 0u);
    }
}

TEST(Recovery, AFileWithoutAWholeHeaderIsTakenAwayAndNumberingGoesOn) {
    const TestFolder original;
    const std::string whole = five_records(original);
    for (std::size_t size = 0; size < file_header_bytes; ++size) {
        const TestFolder folder;
        std::filesystem::create_directory(folder.journal());
        write_file(folder.segment(1), whole);
        write_file(folder.segment(6), whole.substr(0, size));
        EXPECT_TRUE(verify(folder).damages.empty());

        auto journal = open_journal(folder, settings);

        EXPECT_EQ(journal->recovery().torn_bytes, size);
        EXPECT_EQ(append_one(*journal, "six"), 6u);
        EXPECT_EQ(read_all(folder).size(), 6u);
        EXPECT_TRUE(verify(folder).damages.empty());
    }
}

TEST(Recovery, ALoneTornHeaderKeepsTheNumberOfItsName) {
    const TestFolder folder;
    std::filesystem::create_directory(folder.journal());
    write_file(folder.segment(77), "FBAY");

    auto journal = open_journal(folder, settings);

    EXPECT_EQ(append_one(*journal, "x"), 77u);
}

TEST(Recovery, ZerosAtTheEndAreCut) {
    const TestFolder folder;
    const std::string whole = five_records(folder);
    write_file(folder.segment(1), whole + std::string(5000, '\0'));

    auto journal = open_journal(folder, settings);

    EXPECT_EQ(journal->recovery().torn_bytes, 5000u);
    EXPECT_EQ(journal->recovery().records, 5u);
    EXPECT_EQ(append_one(*journal, "six"), 6u);
}

TEST(Recovery, DamageInTheMiddleKeepsTheFileAndGoesOnInANewSegment) {
    const TestFolder folder;
    std::string bytes = five_records(folder);
    bytes[offset_of(folder, 3) + record_header_bytes] ^= 1;
    write_file(folder.segment(1), bytes + "torn");

    auto journal = open_journal(folder, settings);

    EXPECT_EQ(journal->recovery().damages, 1u);
    EXPECT_EQ(journal->recovery().damaged_segment, folder.segment(1));
    EXPECT_EQ(journal->recovery().torn_bytes, 0u);
    EXPECT_EQ(read_file(folder.segment(1)), bytes + "torn");
    EXPECT_EQ(append_one(*journal, "six"), 6u);
    EXPECT_EQ(folder.segments().back(), segment_name(6));
    const auto survivors = read_survivors(folder);
    EXPECT_EQ(survivors.size(), 5u);
    EXPECT_FALSE(survivors.contains(3));
    EXPECT_EQ(survivors.at(6), "six");
}

TEST(Recovery, ALastRecordInFullLengthWithAWrongChecksumIsKeptAsDamage) {
    const TestFolder folder;
    std::string bytes = five_records(folder);
    bytes.back() ^= 1;
    write_file(folder.segment(1), bytes);

    auto journal = open_journal(folder, settings);

    EXPECT_EQ(journal->recovery().damages, 1u);
    EXPECT_EQ(read_file(folder.segment(1)), bytes);
    EXPECT_EQ(append_one(*journal, "six"), 6u) << "number 5 belongs to the damaged record";
}

TEST(Recovery, ASegmentOfJunkIsSetAside) {
    const TestFolder folder;
    std::filesystem::create_directory(folder.journal());
    write_file(folder.segment(1), std::string(300, 'j'));

    auto journal = open_journal(folder, settings);

    EXPECT_EQ(journal->recovery().damaged_segment, folder.segment(1) + ".damaged");
    EXPECT_EQ(read_file(folder.segment(1) + ".damaged"), std::string(300, 'j'));
    EXPECT_EQ(append_one(*journal, "one"), 1u);
    EXPECT_EQ(read_all(folder).size(), 1u);
}

TEST(Recovery, ASegmentOfANewerVersionIsRefusedAndNotTouched) {
    const TestFolder folder;
    std::filesystem::create_directory(folder.journal());
    std::string bytes;
    append_file_header(bytes, {.version = 2, .first = 1});
    write_file(folder.segment(1), bytes + "something new");

    const auto refused = Journal::open_blocking(folder.journal(), settings);

    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_EQ(read_file(folder.segment(1)), bytes + "something new");
}

// Every record but the one that was hit survives a restart, wherever the byte was.
TEST(Recovery, AFlippedByteAnywhereCostsAtMostTheRecordItIsIn) {
    const TestFolder original;
    const std::string whole = five_records(original);
    std::vector<std::uint64_t> starts;
    for (const Record& record : read_all(original)) starts.push_back(record.offset);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        const TestFolder folder;
        std::filesystem::create_directory(folder.journal());
        std::string bytes = whole;
        bytes[at] = static_cast<char>(~bytes[at]);
        write_file(folder.segment(1), bytes);
        const auto before = verify(folder);
        EXPECT_TRUE(!before.damages.empty() || before.torn_tail_bytes > 0) << "byte " << at << " was not noticed";

        auto journal = open_journal(folder, settings);
        const auto appended = append_one(*journal, "new");

        ASSERT_TRUE(appended.has_value()) << "byte " << at;
        const auto survivors = read_survivors(folder);
        EXPECT_EQ(survivors.at(*appended), "new") << "byte " << at;
        for (std::size_t i = 0; i < starts.size(); ++i) {
            const bool hit = at >= starts[i] && (i + 1 == starts.size() || at < starts[i + 1]);
            if (hit) continue;
            ASSERT_TRUE(survivors.contains(i + 1)) << "byte " << at << " cost record " << i + 1;
            EXPECT_EQ(survivors.at(i + 1), fmt::format("record number {}", i + 1));
        }
    }
}

}  // namespace
}  // namespace forebay::journal
