// kill -9 of a writer at random moments: every record that it was told is written must be there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "journal/test_rig.h"

namespace forebay::journal {
namespace {

struct Acknowledged {
    std::uint64_t payload;
    std::uint64_t sequence;
};

std::string payload_of(std::uint64_t number) { return fmt::format("{}:{}", number, std::string(number % 301, 'x')); }

exec::Task<void> append_for_ever(Journal& journal, std::uint64_t number, std::uint64_t step, int out) {
    for (;; number += step) {
        auto sequence = co_await journal.append(payload_of(number));
        const Acknowledged acknowledged{number, sequence.value_or(0)};
        if (::write(out, &acknowledged, sizeof acknowledged) != sizeof acknowledged) ::_exit(1);
    }
}

[[noreturn]] void run_child(const TestFolder& folder, std::uint64_t first, int out) {
    auto journal = open_journal(folder, settings_with(config::JournalSync::interval, 16 * 1024));
    asio::io_context io;
    constexpr std::uint64_t writers = 8;
    for (std::uint64_t i = 0; i < writers; ++i)
        asio::co_spawn(io, append_for_ever(*journal, first + i, writers, out), on_end);
    io.run();
    ::_exit(1);
}

// Kills the child once `count` records are acknowledged; those and all that it was still told.
std::vector<Acknowledged> run_and_kill(const TestFolder& folder, std::uint64_t first, std::size_t count) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) run_child(folder, first, ends[1]);
    EXPECT_GT(child, 0);
    ::close(ends[1]);
    std::vector<Acknowledged> all;
    for (Acknowledged one; ::read(ends[0], &one, sizeof one) == sizeof one;) {
        all.push_back(one);
        if (all.size() == count) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with status " << status;
    return all;
}

TEST(Kill, EveryAcknowledgedRecordSurvivesKillNineAtRandomMoments) {
    const std::uint32_t seed = std::random_device()();
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    const TestFolder folder;
    std::map<std::uint64_t, std::string> acknowledged;
    for (std::uint64_t round = 0; round < 20; ++round) {
        const std::size_t count = 1 + random() % 400;
        for (const Acknowledged& one : run_and_kill(folder, round * 1'000'000, count)) {
            EXPECT_NE(one.sequence, 0u);
            EXPECT_TRUE(acknowledged.emplace(one.sequence, payload_of(one.payload)).second);
        }

        auto journal = open_journal(folder, settings_with(config::JournalSync::interval, 16 * 1024));
        journal->stop_blocking();

        EXPECT_EQ(journal->recovery().damages, 0u);
        const auto survivors = read_survivors(folder);
        for (const auto& [sequence, payload] : acknowledged) {
            ASSERT_TRUE(survivors.contains(sequence)) << "round " << round << " lost record " << sequence;
            ASSERT_EQ(survivors.at(sequence), payload);
        }
        EXPECT_TRUE(verify(folder).damages.empty());
    }
    EXPECT_GT(folder.segments().size(), 1u);
}

}  // namespace
}  // namespace forebay::journal
