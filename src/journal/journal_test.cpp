#include "journal/journal.h"

#include <gmock/gmock.h>

#include <thread>

#include "journal/test_rig.h"

namespace forebay::journal {
namespace {

using config::JournalSync;

TEST(Format, HeadersComeBackAsTheyWereAndFlippedBitsAreFound) {
    std::string bytes;
    append_file_header(bytes, {.first = 42, .created_micros = 7});
    ASSERT_EQ(bytes.size(), file_header_bytes);
    EXPECT_EQ(parse_file_header(bytes)->first, 42u);
    EXPECT_EQ(parse_file_header(bytes)->created_micros, 7);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        EXPECT_FALSE(parse_file_header(flipped).has_value()) << "bit " << bit;
    }

    std::string record;
    append_record(record, 43, "payload");
    EXPECT_EQ(record.size(), record_header_bytes + 7);
    EXPECT_EQ(parse_record_header(record).sequence, 43u);
    EXPECT_TRUE(checksum_fits(record));
}

TEST(Format, ASegmentIsNamedAfterItsFirstRecord) {
    EXPECT_EQ(segment_name(42), "00000000000000000042.seg");
    EXPECT_EQ(first_of_segment("00000000000000000042.seg"), 42u);
    EXPECT_EQ(first_of_segment(segment_name(sequence_max)), sequence_max);
    EXPECT_FALSE(first_of_segment(segment_name(sequence_max + 1)).has_value());
    for (const char* other : {"42.seg", "00000000000000000000.seg", "0000000000000000004x.seg", "lock",
                              "00000000000000000042.seg.damaged", "99999999999999999999.seg"})
        EXPECT_FALSE(first_of_segment(other).has_value()) << other;
}

struct JournalSyncTest : testing::TestWithParam<JournalSync> {};

TEST_P(JournalSyncTest, RecordsComeBackInOrderAndNumberingGoesOnAfterAReopen) {
    const TestFolder folder;
    const std::vector<std::string> payloads = {"{}", "", std::string(3'000'000, 'x'), std::string("\0\xff\n", 3)};
    {
        auto journal = open_journal(folder, settings_with(GetParam()));
        for (std::size_t i = 0; i < payloads.size(); ++i) EXPECT_EQ(append_one(*journal, payloads[i]), i + 1);
        journal->stop_blocking();
    }
    auto journal = open_journal(folder, settings_with(GetParam()));
    EXPECT_EQ(journal->recovery().records, payloads.size());
    EXPECT_EQ(journal->recovery().torn_bytes, 0u);
    EXPECT_EQ(append_one(*journal, "after"), payloads.size() + 1);

    const auto records = read_all(folder);

    ASSERT_EQ(records.size(), payloads.size() + 1);
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        EXPECT_EQ(records[i].sequence, i + 1);
        EXPECT_EQ(records[i].payload, payloads[i]);
    }
    EXPECT_EQ(records[0].offset, file_header_bytes);
    EXPECT_EQ(records[0].segment, segment_name(1));
    EXPECT_TRUE(verify(folder).damages.empty());
}

TEST_P(JournalSyncTest, ManyThreadsGetEachNumberOnce) {
    const TestFolder folder;
    constexpr int threads = 4;
    constexpr int rounds = 20;
    constexpr int together = 25;
    auto journal = open_journal(folder, settings_with(GetParam(), 20'000));
    std::vector<std::vector<std::pair<std::uint64_t, std::string>>> acknowledged(threads);
    {
        std::vector<std::jthread> running;
        for (int t = 0; t < threads; ++t) {
            running.emplace_back([&, t] {
                for (int round = 0; round < rounds; ++round) {
                    std::vector<std::string> payloads;
                    for (int i = 0; i < together; ++i) payloads.push_back(fmt::format("{} {} {}", t, round, i));
                    const auto results = append_together(*journal, payloads);
                    for (int i = 0; i < together; ++i) acknowledged[t].emplace_back(*results[i], payloads[i]);
                }
            });
        }
    }
    journal->stop_blocking();

    std::map<std::uint64_t, std::string> expected;
    for (const auto& part : acknowledged) expected.insert(part.begin(), part.end());
    EXPECT_EQ(expected.size(), std::size_t{threads * rounds * together});
    EXPECT_EQ(read_survivors(folder), expected);
    EXPECT_EQ(journal->stats().records, expected.size());
    EXPECT_EQ(journal->stats().queued_bytes, 0u);
    EXPECT_GT(journal->stats().segments, 1u);
    EXPECT_EQ(journal->stats().segments, folder.segments().size());
    EXPECT_TRUE(verify(folder).damages.empty());
}

INSTANTIATE_TEST_SUITE_P(Each, JournalSyncTest,
                         testing::Values(JournalSync::always, JournalSync::interval, JournalSync::none),
                         [](const auto& tested) {
                             return tested.param == JournalSync::always     ? "always"
                                    : tested.param == JournalSync::interval ? "interval"
                                                                            : "none";
                         });

TEST(Journal, WhatWaitsTogetherIsWrittenAndSyncedTogether) {
    const TestFolder folder;
    FaultyDisk disk;
    auto journal = open_journal(folder, settings_with(JournalSync::always), disk);
    disk.hold_writes();
    std::jthread first([&] { EXPECT_EQ(append_one(*journal, "first"), 1u); });
    disk.await_held_write();
    const int syncs_before = disk.syncs();

    asio::io_context io;
    std::vector<Result<std::uint64_t>> results(100, Result<std::uint64_t>(0));
    for (auto& result : results) asio::co_spawn(io, append_into(*journal, "together", result), on_end);
    io.poll();  // all are queued behind the held write
    EXPECT_EQ(journal->stats().queued_bytes, 100 * (record_header_bytes + 8) + record_header_bytes + 5);
    disk.release_writes();
    io.restart();
    io.run();
    first.join();

    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], i + 2);
    EXPECT_EQ(journal->stats().batches, 2u);
    EXPECT_EQ(journal->stats().records, 101u);
    EXPECT_EQ(disk.syncs() - syncs_before, 2);
}

TEST(Journal, AFullQueueRefusesAndTakesAgainOnceItIsWritten) {
    const TestFolder folder;
    FaultyDisk disk;
    auto settings = settings_with(JournalSync::none);
    settings.queue_bytes = 1000;
    auto journal = open_journal(folder, settings, disk);
    disk.hold_writes();
    std::jthread first(
        [&] { EXPECT_EQ(append_one(*journal, std::string(5000, 'x')), 1u) << "an empty queue takes it"; });
    disk.await_held_write();

    const auto refused = append_one(*journal, "second");

    EXPECT_EQ(refused.error().code, Code::resource_exhausted);
    EXPECT_EQ(journal->stats().refused, 1u);
    disk.release_writes();
    first.join();
    EXPECT_EQ(append_one(*journal, "third"), 2u);
    EXPECT_EQ(read_all(folder).size(), 2u);
}

TEST(Journal, ARecordOverTheLimitIsRefused) {
    const TestFolder folder;
    auto journal = open_journal(folder, settings_with(JournalSync::none));
    EXPECT_EQ(append_one(*journal, std::string(payload_bytes_max + 1, 'x')).error().code, Code::too_large);
    EXPECT_EQ(append_one(*journal, "small"), 1u);
}

TEST(Journal, SegmentsRotateAtTheirSizeAndALargeRecordGetsItsOwn) {
    const TestFolder folder;
    auto journal = open_journal(folder, settings_with(JournalSync::interval, 200));
    // 40 + 2 * (24 + 50) = 188: two records a segment.
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append_one(*journal, std::string(50, 'a')).has_value());
    ASSERT_TRUE(append_one(*journal, std::string(1000, 'b')).has_value());
    ASSERT_TRUE(append_one(*journal, "c").has_value());
    journal->stop_blocking();

    EXPECT_THAT(folder.segments(), testing::ElementsAre(segment_name(1), segment_name(3), segment_name(5),
                                                        segment_name(6), segment_name(7)));
    EXPECT_EQ(journal->stats().segments, 5u);
    EXPECT_EQ(read_all(folder).size(), 7u);
    EXPECT_TRUE(verify(folder).damages.empty());
}

TEST(Journal, RetentionRemovesWholeOldSegmentsButNeverTheCurrentOne) {
    const TestFolder folder;
    auto settings = settings_with(JournalSync::none, 200);
    settings.retain_bytes = 400;
    {
        auto journal = open_journal(folder, settings);
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(append_one(*journal, std::string(50, 'a')).has_value());
        journal->stop_blocking();
        EXPECT_EQ(journal->stats().segments, folder.segments().size());
    }
    // A last pass may run before the last segment is full: 188 bytes each, at most 400.
    EXPECT_THAT(folder.segments(), testing::ElementsAre(segment_name(17), segment_name(19)));
    EXPECT_EQ(read_all(folder).front().sequence, 17u);
    EXPECT_TRUE(verify(folder).damages.empty());

    settings.retain_bytes = 1;
    {
        auto journal = open_journal(folder, settings);
        journal->stop_blocking();
    }
    EXPECT_THAT(folder.segments(), testing::ElementsAre(segment_name(19)));
    auto journal = open_journal(folder, settings);
    EXPECT_EQ(append_one(*journal, "next"), 21u);
}

TEST(Journal, ASecondWriterOfAFolderIsRefused) {
    const TestFolder folder;
    auto journal = open_journal(folder, settings_with(JournalSync::none));

    const auto second = Journal::open_blocking(folder.journal(), settings_with(JournalSync::none));

    EXPECT_EQ(second.error().code, Code::conflict);
    EXPECT_NE(second.error().message.find(folder.journal()), std::string::npos);
    journal.reset();
    EXPECT_TRUE(Journal::open_blocking(folder.journal(), settings_with(JournalSync::none)).has_value());
}

TEST(Journal, AfterStopAppendsAreRefusedAndWhatWasQueuedIsThere) {
    const TestFolder folder;
    FaultyDisk disk;
    auto journal = open_journal(folder, settings_with(JournalSync::interval), disk);
    disk.hold_writes();
    std::jthread appending([&] {
        for (const auto& result : append_together(*journal, {"a", "b", "c"})) EXPECT_TRUE(result.has_value());
    });
    disk.await_held_write();
    std::jthread stopping([&] { journal->stop_blocking(); });
    disk.release_writes();
    appending.join();
    stopping.join();

    EXPECT_EQ(append_one(*journal, "late").error().code, Code::unavailable);
    EXPECT_EQ(read_all(folder).size(), 3u);
}

TEST(Journal, WithIntervalOnlyNewBytesAreSynced) {
    const TestFolder folder;
    FaultyDisk disk;
    auto settings = settings_with(JournalSync::interval);
    settings.sync_interval = std::chrono::milliseconds(1);
    auto journal = open_journal(folder, settings, disk);

    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(append_one(*journal, "x").has_value());
        if (disk.syncs() <= i) disk.await_syncs(1);
    }

    EXPECT_LE(disk.syncs(), 3);
}

TEST(Journal, ARefusedIntervalSyncIsCountedAndTriedAgain) {
    const TestFolder folder;
    FaultyDisk disk;
    auto settings = settings_with(JournalSync::interval);
    settings.sync_interval = std::chrono::milliseconds(1);
    auto journal = open_journal(folder, settings, disk);
    disk.fail_syncs(EIO);

    ASSERT_TRUE(append_one(*journal, "x").has_value()) << "it is written, only not yet safe from a power loss";
    disk.await_syncs(3);

    EXPECT_GE(journal->stats().failures, 1u);
    disk.fail_syncs(0);
    disk.await_syncs(1);
    journal->stop_blocking();
    EXPECT_EQ(read_all(folder).size(), 1u);
}

}  // namespace
}  // namespace forebay::journal
