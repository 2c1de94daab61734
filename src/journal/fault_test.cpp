// What a disk that refuses costs: never a record that was acknowledged, and never more than the calls that
// were told so.
#include <gtest/gtest.h>

#include "journal/test_rig.h"

namespace forebay::journal {
namespace {

using config::JournalSync;

struct Attempt {
    std::map<std::uint64_t, std::string> acknowledged;
    int refused = 0;
    int fired = 0;
};

// Opens a journal and appends 12 records with rotations while the disk fails, then without faults.
Attempt attempt_with_faults(const TestFolder& folder, const config::JournalSettings& settings, FaultyDisk& disk,
                            int nth, int times, int error) {
    Attempt attempt;
    disk.fail_calls(nth, times, error);
    auto opened = FileJournal::open_blocking(folder.journal(), settings, disk);
    if (!opened) {
        attempt.fired = disk.fired();
        EXPECT_EQ(opened.error().code, Code::unavailable);
        disk.fail_calls(-1, 0, 0);
        opened = FileJournal::open_blocking(folder.journal(), settings, disk);
        EXPECT_TRUE(opened.has_value()) << opened.error().message;
    }
    const auto append = [&](const std::string& payload) {
        const auto result = append_one(**opened, payload);
        if (result) {
            EXPECT_TRUE(attempt.acknowledged.emplace(*result, payload).second) << "number " << *result << " twice";
        } else {
            EXPECT_EQ(result.error().code, Code::unavailable);
            EXPECT_NE(result.error().message.find(folder.journal()), std::string::npos) << result.error().message;
            ++attempt.refused;
        }
        return result.has_value();
    };
    for (int i = 0; i < 12; ++i) append(fmt::format("while it fails {:03}", i));
    attempt.fired += disk.fired();
    disk.fail_calls(-1, 0, 0);
    EXPECT_TRUE(append("after the faults")) << "no failure is for ever";
    (*opened)->stop_blocking();
    return attempt;
}

void expect_whole(const TestFolder& folder, const Attempt& attempt) {
    EXPECT_EQ(read_survivors(folder), attempt.acknowledged);
    const auto verified = verify(folder);
    EXPECT_TRUE(verified.damages.empty()) << verified.damages[0].segment << ": " << verified.damages[0].what;
    EXPECT_EQ(verified.torn_tail_bytes, 0u) << "partial bytes are cut";
    EXPECT_EQ(read_all(folder).size(), attempt.acknowledged.size()) << "and no number is left out";
}

struct FaultSweep : testing::TestWithParam<std::tuple<JournalSync, int>> {};

// Fails `times` calls from the nth on, for every n until no fault fires any more.
TEST_P(FaultSweep, WhatWasAcknowledgedIsThereAndNothingElseIs) {
    const auto [sync, times] = GetParam();
    for (const int error : {ENOSPC, EIO}) {
        for (int nth = 0;; ++nth) {
            ASSERT_LT(nth, 500);
            const TestFolder folder;
            FaultyDisk disk;
            auto settings = settings_with(sync, 150);
            settings.sync_interval = std::chrono::hours(1);

            const auto attempt = attempt_with_faults(folder, settings, disk, nth, times, error);

            SCOPED_TRACE(fmt::format("call {} and error {}", nth, error));
            expect_whole(folder, attempt);
            if (HasFailure()) return;
            if (attempt.fired == 0) {
                EXPECT_EQ(attempt.refused, 0);
                break;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Each, FaultSweep,
                         testing::Combine(testing::Values(JournalSync::always, JournalSync::interval,
                                                          JournalSync::none),
                                          testing::Values(1, 2, 3, 5)));

TEST(Faults, ShortWritesAreContinued) {
    const TestFolder folder;
    FaultyDisk disk;
    disk.write_at_most(7);
    auto journal = open_journal(folder, settings_with(JournalSync::always), disk);

    for (const auto& result : append_together(*journal, {"first record", "second record", "third record"}))
        EXPECT_TRUE(result.has_value());
    journal->stop_blocking();

    EXPECT_EQ(read_all(folder).size(), 3u);
}

TEST(Faults, AFullDiskNamesTheFileAndTheReasonAndFailsTheWholeBatch) {
    const TestFolder folder;
    FaultyDisk disk;
    auto journal = open_journal(folder, settings_with(JournalSync::none), disk);
    ASSERT_EQ(append_one(*journal, "before"), 1u);
    disk.fail_calls(0, 1, ENOSPC);

    const auto refused = append_one(*journal, "too much");

    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_EQ(refused.error().message, "the journal cannot write " + folder.segment(1) + ": No space left on device");
    EXPECT_EQ(journal->stats().failures, 1u);
    EXPECT_EQ(std::filesystem::file_size(folder.segment(1)), file_header_bytes + record_header_bytes + 6);
    EXPECT_EQ(append_one(*journal, "after"), 2u);
}

TEST(Faults, WithAlwaysARecordThatCouldNotBeSyncedIsNotThere) {
    const TestFolder folder;
    FaultyDisk disk;
    auto journal = open_journal(folder, settings_with(JournalSync::always), disk);
    disk.fail_syncs(EIO);
    EXPECT_EQ(append_one(*journal, "not safe").error().code, Code::unavailable);
    disk.fail_syncs(0);
    EXPECT_EQ(append_one(*journal, "safe"), 1u);

    EXPECT_EQ(read_all(folder).at(0).payload, "safe");
}

}  // namespace
}  // namespace forebay::journal
