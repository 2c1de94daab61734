#include "journal/reader.h"

#include <gmock/gmock.h>

#include <thread>

#include "journal/test_rig.h"

namespace forebay::journal {
namespace {

using config::JournalSync;

// `count` records, "1", "2", …, two a segment.
void fill(const TestFolder& folder, int count) {
    auto journal = open_journal(folder, settings_with(JournalSync::none, 100));
    for (int i = 1; i <= count; ++i) ASSERT_TRUE(append_one(*journal, std::to_string(i)).has_value());
    journal->stop_blocking();
}

std::vector<std::uint64_t> numbers_of(const std::vector<Record>& records) {
    std::vector<std::uint64_t> numbers;
    for (const Record& record : records) numbers.push_back(record.sequence);
    return numbers;
}

struct Reading {
    std::vector<std::uint64_t> numbers;
    Result<void> result;
};
Reading forward(const TestFolder& folder, std::uint64_t first) {
    Reading reading;
    reading.result = read_forward_blocking(folder.journal(), first, [&](const Record& record) {
        reading.numbers.push_back(record.sequence);
        return true;
    });
    return reading;
}
Reading backward(const TestFolder& folder, std::size_t limit) {
    Reading reading;
    reading.result = read_backward_blocking(folder.journal(), [&](const Record& record) {
        EXPECT_EQ(record.payload, std::to_string(record.sequence));
        reading.numbers.push_back(record.sequence);
        return reading.numbers.size() < limit;
    });
    return reading;
}

TEST(Reader, ReadsForwardFromAnyRecordAndStopsWhenAsked) {
    const TestFolder folder;
    fill(folder, 7);
    for (std::uint64_t first = 0; first <= 9; ++first) {
        std::vector<std::uint64_t> expected;
        for (std::uint64_t i = std::max<std::uint64_t>(first, 1); i <= 7; ++i) expected.push_back(i);
        EXPECT_EQ(numbers_of(read_all(folder, first)), expected) << "from " << first;
    }

    int visited = 0;
    ASSERT_TRUE(read_forward_blocking(folder.journal(), 1, [&](const Record&) { return ++visited < 3; }).has_value());
    EXPECT_EQ(visited, 3);
}

TEST(Reader, ReadsBackwardAcrossSegmentsAndStopsWhenAsked) {
    const TestFolder folder;
    fill(folder, 7);
    EXPECT_THAT(backward(folder, 100).numbers, testing::ElementsAre(7, 6, 5, 4, 3, 2, 1));
    EXPECT_THAT(backward(folder, 4).numbers, testing::ElementsAre(7, 6, 5, 4));
    EXPECT_THAT(backward(folder, 1).numbers, testing::ElementsAre(7));
}

TEST(Reader, AFolderThatIsNotThereIsNotFoundAndAnEmptyOneHasNoRecords) {
    const TestFolder folder;
    EXPECT_EQ(forward(folder, 1).result.error().code, Code::not_found);
    EXPECT_EQ(backward(folder, 1).result.error().code, Code::not_found);
    EXPECT_EQ(verify_blocking(folder.journal(), {}).error().code, Code::not_found);

    std::filesystem::create_directory(folder.journal());
    EXPECT_TRUE(forward(folder, 1).result.has_value());
    EXPECT_TRUE(backward(folder, 1).result.has_value());
    EXPECT_EQ(verify(folder).segments, 0u);
}

TEST(Reader, DamageEndsTheReadingAndIsNamedUnlessItLiesBeforeTheFirstRecordAskedFor) {
    const TestFolder folder;
    fill(folder, 7);
    std::string bytes = read_file(folder.segment(3));
    bytes[file_header_bytes + record_header_bytes] ^= 1;
    write_file(folder.segment(3), bytes);

    const auto from_start = forward(folder, 1);
    const auto from_end = backward(folder, 100);

    EXPECT_THAT(from_start.numbers, testing::ElementsAre(1, 2));
    EXPECT_EQ(from_start.result.error().code, Code::internal);
    EXPECT_NE(from_start.result.error().message.find(segment_name(3) + " at byte 40"), std::string::npos)
        << from_start.result.error().message;
    EXPECT_THAT(forward(folder, 4).numbers, testing::ElementsAre(4, 5, 6, 7));
    EXPECT_TRUE(forward(folder, 4).result.has_value());
    EXPECT_THAT(from_end.numbers, testing::ElementsAre(7, 6, 5, 4));
    EXPECT_EQ(from_end.result.error().code, Code::internal);
    const auto verified = verify(folder);
    ASSERT_EQ(verified.damages.size(), 1u);
    EXPECT_EQ(verified.damages[0].segment, segment_name(3));
    EXPECT_EQ(verified.damages[0].offset, 40u);
    EXPECT_EQ(verified.records, 6u);
}

TEST(Reader, AMissingSegmentIsDamageInEveryDirection) {
    const TestFolder folder;
    fill(folder, 7);
    std::filesystem::remove(folder.segment(3));

    EXPECT_EQ(forward(folder, 1).result.error().code, Code::internal);
    EXPECT_THAT(forward(folder, 1).numbers, testing::ElementsAre(1, 2));
    EXPECT_TRUE(forward(folder, 5).result.has_value());
    EXPECT_EQ(backward(folder, 100).result.error().code, Code::internal);
    EXPECT_THAT(backward(folder, 100).numbers, testing::ElementsAre(7, 6, 5));
    const auto verified = verify(folder);
    ASSERT_EQ(verified.damages.size(), 1u);
    EXPECT_EQ(verified.damages[0].what, "records 3 to 4 are missing before it");
}

TEST(Reader, ATornTailBeforeTheLastSegmentIsDamage) {
    const TestFolder folder;
    fill(folder, 7);
    write_file(folder.segment(3), read_file(folder.segment(3)) + "twelve bytes");

    const auto verified = verify(folder);

    ASSERT_EQ(verified.damages.size(), 1u);
    EXPECT_EQ(verified.damages[0].what, "torn tail of 12 bytes");
    EXPECT_TRUE(forward(folder, 1).result.has_value()) << "no record is lost by it";
}

TEST(Reader, VerifyReportsProgressUpToTheEnd) {
    const TestFolder folder;
    auto journal = open_journal(folder, settings_with(JournalSync::none));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append_one(*journal, std::string(1'100'000, 'x')).has_value());
    std::vector<std::uint64_t> steps;
    std::uint64_t all_bytes = 0;

    const auto verified = verify_blocking(folder.journal(), [&](std::uint64_t done, std::uint64_t all) {
        steps.push_back(done);
        all_bytes = all;
    });

    EXPECT_EQ(verified->records, 5u);
    EXPECT_EQ(verified->bytes, std::filesystem::file_size(folder.segment(1)));
    EXPECT_EQ(all_bytes, verified->bytes);
    EXPECT_GE(steps.size(), 4u);
    EXPECT_EQ(steps.back(), all_bytes);
    EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
}

TEST(Reader, FollowsALiveWriterAcrossRotationsWithoutAGapOrAnError) {
    const TestFolder folder;
    constexpr std::uint64_t count = 3000;
    auto journal = open_journal(folder, settings_with(JournalSync::none, 2000));
    std::jthread writing([&] {
        for (std::uint64_t i = 0; i < count; i += 10)
            (void)append_together(*journal, std::vector<std::string>(10, std::string(i % 97, 'x')));
    });

    std::uint64_t next = 1;
    while (next <= count) {
        const auto read = read_forward_blocking(folder.journal(), next, [&](const Record& record) {
            EXPECT_EQ(record.sequence, next);
            ++next;
            return true;
        });
        ASSERT_TRUE(read.has_value()) << read.error().message;
        const auto verified = verify(folder);
        ASSERT_TRUE(verified.damages.empty()) << verified.damages[0].segment << ": " << verified.damages[0].what;
    }
    EXPECT_EQ(next, count + 1);
}

}  // namespace
}  // namespace forebay::journal
