#include "keys/key_ring.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "keys/key_text.h"
#include "keys/revision_file.h"
#include "keys/test_rig.h"

namespace forebay::keys {
namespace {

exec::Task<void> refresh_into(KeyRing& ring, Deadline deadline, Result<void>& result) {
    result = co_await ring.refresh(deadline);
}

struct KeyRingTest : testing::Test {
    KeyRingTest() { ring = *KeyRing::open_blocking(*rig.store, pool); }
    ~KeyRingTest() override { pool.stop_blocking(); }

    Result<void> refresh(Deadline deadline = Deadline::never()) {
        asio::io_context io;
        Result<void> result = fail(Code::internal, "not run");
        asio::co_spawn(io, refresh_into(*ring, deadline, result), on_end);
        io.run();
        return result;
    }

    StoreRig rig;
    exec::Pool pool{"test", 2, 100};
    std::unique_ptr<KeyRing> ring;
};

TEST_F(KeyRingTest, AnswersFromMemoryAndNoticesANewKeyByTheRevision) {
    EXPECT_TRUE(ring->is_current());
    const auto made = *rig.store->create_blocking("a", Role::admin);

    EXPECT_FALSE(ring->is_current());
    EXPECT_EQ(ring->find(made.text).error().code, Code::unauthenticated) << "not before it is loaded";
    ASSERT_TRUE(refresh().has_value());

    EXPECT_TRUE(ring->is_current());
    const auto found = ring->find(made.text);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ((*found)->name, "a");
    EXPECT_EQ((*found)->role, Role::admin);
}

TEST_F(KeyRingTest, OneMessageForEveryKeyThatIsNotValid) {
    const auto made = *rig.store->create_blocking("a", Role::developer);
    const auto gone = *rig.store->create_blocking("b", Role::developer);
    ASSERT_TRUE(rig.store->revoke_blocking("b").has_value());
    ASSERT_TRUE(refresh().has_value());
    ASSERT_TRUE(ring->find(made.text).has_value());
    std::string wrong = made.text;
    wrong.back() = wrong.back() == 'x' ? 'y' : 'x';
    std::string unknown = made.text;
    unknown[3] = unknown[3] == 'x' ? 'y' : 'x';

    const Error expected = ring->find("").error();
    for (const std::string& bad :
         {gone.text, wrong, unknown, made.text + "x", made.text.substr(1), std::string("fb-"), made.key.id,
          std::string("sk-") + std::string(56, 'a'), std::string(100'000, 'f'), made.text + std::string(1, '\0')}) {
        const auto refused = ring->find(bad);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().code, Code::unauthenticated);
        EXPECT_EQ(refused.error().message, expected.message);
        EXPECT_EQ(refused.error().param, expected.param);
    }
}

TEST_F(KeyRingTest, AKeyRevokedByAnotherProcessIsRefusedFromTheNextCheckOn) {
    const auto made = *rig.store->create_blocking("a", Role::developer);
    ASSERT_TRUE(refresh().has_value());
    ASSERT_TRUE(ring->find(made.text).has_value());

    const pid_t child = ::fork();
    if (child == 0) {
        auto database = storage::open_state_blocking(rig.database_path());
        auto store = KeyStore::open_blocking(**database, rig.revision_path());
        ::_exit((*store)->revoke_blocking("a").has_value() ? 0 : 1);
    }
    int status = 1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);

    EXPECT_FALSE(ring->is_current());
    ASSERT_TRUE(refresh().has_value());
    EXPECT_TRUE(ring->is_current());
    EXPECT_EQ(ring->find(made.text).error().code, Code::unauthenticated);
}

TEST_F(KeyRingTest, AChangeWhoseProcessDiedIsNotOverlookedAndTheNextLoadSettlesTheRevision) {
    const auto made = *rig.store->create_blocking("a", Role::developer);
    ASSERT_TRUE(refresh().has_value());
    // What is left when it dies between its commit and the end of its change.
    auto revision = *RevisionFile::open_blocking(rig.revision_path());
    const std::uint64_t odd = revision->current() + 1;
    std::ofstream(rig.revision_path(), std::ios::binary | std::ios::in).write(reinterpret_cast<const char*>(&odd), 8);
    ASSERT_EQ(revision->current(), odd);

    EXPECT_FALSE(ring->is_current());
    ASSERT_TRUE(refresh().has_value());

    EXPECT_TRUE(ring->is_current());
    EXPECT_EQ(revision->current(), odd + 1);
}

TEST_F(KeyRingTest, WhileAChangeIsUnderWayNothingIsCurrentAndLoadsStillWork) {
    const auto made = *rig.store->create_blocking("a", Role::developer);
    auto theirs = *RevisionFile::open_blocking(rig.revision_path());
    {
        const auto change = *theirs->begin_change_blocking();
        ASSERT_TRUE(refresh().has_value());
        EXPECT_FALSE(ring->is_current());
        EXPECT_TRUE(ring->find(made.text).has_value());
    }
    EXPECT_FALSE(ring->is_current()) << "what changed at the end of it has not been read";
    ASSERT_TRUE(refresh().has_value());
    EXPECT_TRUE(ring->is_current());
}

// Fails the nth call, for every n: a failed load keeps the old keys and never calls itself current.
TEST_F(KeyRingTest, AFailedLoadIsReportedAndTheRingStaysOutOfDate) {
    for (int nth = 0;; ++nth) {
        ASSERT_LT(nth, 100);
        const auto made = *rig.store->create_blocking(fmt::format("key {}", nth), Role::developer);
        rig.database->fail_call_for_test(nth);

        const auto refreshed = refresh();

        const bool fired = rig.database->fault_fired_for_test();
        rig.database->fail_call_for_test(-1);
        EXPECT_EQ(refreshed.has_value(), !fired);
        EXPECT_EQ(ring->is_current(), !fired);
        EXPECT_EQ(ring->find(made.text).has_value(), !fired);
        if (!fired) break;
        EXPECT_EQ(refreshed.error().code, Code::unavailable);
    }
}

TEST_F(KeyRingTest, APassedDeadlineIsReported) {
    const auto late = refresh(Deadline(SteadyClock::time_point::min()));
    EXPECT_EQ(late.error().code, Code::deadline_exceeded);
}

TEST_F(KeyRingTest, ManyCallersShareALoad) {
    const auto made = *rig.store->create_blocking("a", Role::developer);
    constexpr std::size_t callers = 1000;  // ten times what the pool would queue
    asio::io_context io;
    std::vector<Result<void>> results(callers, fail(Code::internal, "not run"));
    for (auto& result : results) asio::co_spawn(io, refresh_into(*ring, Deadline::never(), result), on_end);

    io.run();

    for (const auto& result : results) ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_TRUE(ring->find(made.text).has_value());
}

// The promise to whoever revokes: once that has returned, a check that begins finds the key gone.
TEST_F(KeyRingTest, NoCheckThatBeginsAfterARevocationAcceptsTheKey) {
    constexpr int rounds = 30;
    std::vector<NewKey> keys;
    for (int i = 0; i < rounds; ++i) keys.push_back(*rig.store->create_blocking(fmt::to_string(i), Role::developer));
    std::atomic<int> revoked{0};
    std::atomic<int> accepted{0};
    {
        std::vector<std::jthread> checkers;
        for (int c = 0; c < 3; ++c) {
            checkers.emplace_back([&] {
                for (;;) {
                    const int before = revoked.load();
                    if (!ring->is_current()) {
                        ASSERT_TRUE(refresh().has_value());
                    }
                    for (int i = 0; i < rounds; ++i) {
                        const bool found = ring->find(keys[i].text).has_value();
                        EXPECT_FALSE(found && i < before) << "key " << i << " was revoked before the check began";
                        accepted += found ? 1 : 0;
                    }
                    if (before == rounds) return;
                }
            });
        }
        auto database = *storage::open_state_blocking(rig.database_path());
        auto other = *KeyStore::open_blocking(*database, rig.revision_path());
        for (int i = 0; i < rounds; ++i) {
            EXPECT_TRUE(other->revoke_blocking(keys[i].key.id).has_value());
            revoked = i + 1;
        }
    }
    EXPECT_GT(accepted.load(), 0);
}

}  // namespace
}  // namespace forebay::keys
