#include "keys/key_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/hash.h"
#include "keys/key_text.h"
#include "keys/revision_file.h"
#include "keys/statements.h"
#include "keys/test_rig.h"

namespace forebay::keys {
namespace {

struct KeyStoreTest : testing::Test {
    StoreRig rig;
    KeyStore& store() { return *rig.store; }
};

TEST_F(KeyStoreTest, EveryStatementFitsItsTableAndPostgreSqlToo) {
    for (const auto& statement : sql::all) {
        const auto checked = rig.database->check_blocking(statement);
        EXPECT_TRUE(checked.has_value()) << checked.error().message;
        storage::expect_portable(statement);
    }
}

TEST_F(KeyStoreTest, ANewKeyHasTheDocumentedFormAndOnlyItsHashIsKept) {
    const auto made = store().create_blocking("team a", Role::developer);

    ASSERT_TRUE(made.has_value()) << made.error().message;
    ASSERT_EQ(made->text.size(), 3u + 12 + 1 + 43);
    const auto parts = parse_key(made->text);
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->id, made->key.id);
    EXPECT_EQ(to_hex(sha256(parts->secret)), made->key.secret_hash);
    const auto listed = store().list_blocking();
    ASSERT_EQ(listed->size(), 1u);
    EXPECT_EQ(listed->at(0).name, "team a");
    EXPECT_EQ(listed->at(0).role, Role::developer);
    EXPECT_EQ(listed->at(0).secret_hash, made->key.secret_hash);
    EXPECT_FALSE(listed->at(0).revoked_micros.has_value());
}

TEST_F(KeyStoreTest, ANameIsTakenUntilItsKeyIsRevoked) {
    const auto first = store().create_blocking("ci", Role::developer);

    EXPECT_EQ(store().create_blocking("ci", Role::admin).error().code, Code::conflict);
    ASSERT_TRUE(store().revoke_blocking("ci").has_value());
    const auto second = store().create_blocking("ci", Role::admin);

    ASSERT_TRUE(second.has_value());
    EXPECT_NE(second->text, first->text);
    const auto listed = store().list_blocking();
    ASSERT_EQ(listed->size(), 2u);
    EXPECT_EQ(listed->at(0).id, second->key.id) << "newest first";
    EXPECT_TRUE(listed->at(1).revoked_micros.has_value());
}

TEST_F(KeyStoreTest, AKeyIsRevokedByIdByNameOrByItsWholeText) {
    const auto a = *store().create_blocking("a", Role::developer);
    const auto b = *store().create_blocking("b", Role::developer);
    const auto c = *store().create_blocking("c", Role::developer);

    EXPECT_EQ(store().revoke_blocking(a.key.id)->name, "a");
    EXPECT_EQ(store().revoke_blocking("b")->id, b.key.id);
    EXPECT_EQ(store().revoke_blocking(c.text)->id, c.key.id);

    EXPECT_EQ(store().revoke_blocking(a.key.id).error().code, Code::conflict);
    EXPECT_EQ(store().revoke_blocking("b").error().code, Code::not_found);
    EXPECT_EQ(store().revoke_blocking("nobody").error().code, Code::not_found);
    for (const Key& key : *store().list_blocking()) EXPECT_TRUE(key.revoked_micros.has_value());
}

TEST_F(KeyStoreTest, NamesThatAreEmptyLongOrUnprintableAreRefused) {
    std::string umlauts;
    for (int i = 0; i < 64; ++i) umlauts += "ü";
    EXPECT_TRUE(store().create_blocking(umlauts, Role::developer).has_value()) << "64 characters, 128 bytes";
    for (const std::string& bad : {std::string(), std::string(65, 'x'), std::string("a\nb"), std::string("a\0b", 3),
                                   std::string("\x7f"), std::string("\xc2\x85"), std::string("\xff")}) {
        const auto refused = store().create_blocking(bad, Role::developer);
        ASSERT_FALSE(refused.has_value()) << bad;
        EXPECT_EQ(refused.error().code, Code::invalid_argument);
        EXPECT_EQ(refused.error().param, "name");
    }
}

TEST_F(KeyStoreTest, NoErrorMessageRepeatsAKey) {
    const auto made = *store().create_blocking("ci", Role::developer);
    const std::string secret(parse_key(made.text)->secret);
    ASSERT_TRUE(store().revoke_blocking(made.text).has_value());
    std::string other = made.text;
    other[3] = other[3] == 'x' ? 'y' : 'x';
    const std::string cut = made.text.substr(0, made.text.size() - 1);

    for (const auto& error :
         {store().revoke_blocking(made.text).error(), store().revoke_blocking(other).error(),
          store().revoke_blocking(cut).error(), store().create_blocking(made.text, Role::developer).error()}) {
        EXPECT_EQ(error.message.find(secret.substr(0, 8)), std::string::npos) << error.message;
    }
}

TEST_F(KeyStoreTest, EveryChangeMovesTheRevisionAndLeavesItSettled) {
    auto revision = *RevisionFile::open_blocking(rig.revision_path());
    std::set<std::uint64_t> seen{revision->current()};

    ASSERT_TRUE(store().create_blocking("a", Role::developer).has_value());
    EXPECT_TRUE(seen.insert(revision->current()).second);
    ASSERT_TRUE(store().revoke_blocking("a").has_value());
    EXPECT_TRUE(seen.insert(revision->current()).second);

    for (const std::uint64_t number : seen) EXPECT_TRUE(RevisionFile::is_settled(number)) << number;
}

// Fails the nth call, for every n: a key exists, or is revoked, exactly when that was reported.
TEST_F(KeyStoreTest, AChangeIsThereExactlyWhenItWasReported) {
    for (int nth = 0;; ++nth) {
        ASSERT_LT(nth, 100);
        StoreRig fresh;
        ASSERT_TRUE(fresh.store->create_blocking("old", Role::developer).has_value());
        fresh.database->fail_call_for_test(nth);

        const auto made = fresh.store->create_blocking("new", Role::developer);
        const auto revoked = fresh.store->revoke_blocking("old");

        const bool fired = fresh.database->fault_fired_for_test();
        fresh.database->fail_call_for_test(-1);
        const auto listed = *fresh.store->list_blocking();
        EXPECT_EQ(listed.size(), made.has_value() ? 2u : 1u) << "call " << nth;
        EXPECT_EQ(listed.back().revoked_micros.has_value(), revoked.has_value()) << "call " << nth;
        EXPECT_EQ(made.has_value() && revoked.has_value(), !fired) << "call " << nth;
        EXPECT_TRUE(RevisionFile::is_settled((*RevisionFile::open_blocking(fresh.revision_path()))->current()));
        if (!fired) break;
    }
}

TEST_F(KeyStoreTest, ThreadsAndOtherProcessesCreateAndRevokeAtTheSameTime) {
    constexpr int workers = 4;
    constexpr int rounds = 10;
    {
        std::vector<std::jthread> threads;
        for (int w = 0; w < workers; ++w) {
            threads.emplace_back([this, w] {
                // Half of them share the rig's store, half act as other processes do.
                auto other_database = *storage::open_state_blocking(rig.database_path());
                auto other_store = *KeyStore::open_blocking(*other_database, rig.revision_path());
                KeyStore& mine = w % 2 == 0 ? store() : *other_store;
                for (int i = 0; i < rounds; ++i) {
                    const auto made = mine.create_blocking(fmt::format("{} {}", w, i), Role::developer);
                    ASSERT_TRUE(made.has_value()) << made.error().message;
                    if (i % 2 == 0) {
                        ASSERT_TRUE(mine.revoke_blocking(made->key.id).has_value());
                    }
                }
            });
        }
    }
    const auto listed = *store().list_blocking();
    EXPECT_EQ(listed.size(), std::size_t{workers * rounds});
    EXPECT_EQ(std::ranges::count_if(listed, [](const Key& key) { return key.revoked_micros.has_value(); }),
              workers * rounds / 2);
    const auto revision = (*RevisionFile::open_blocking(rig.revision_path()))->current();
    EXPECT_EQ(revision, 2u * (workers * rounds + workers * rounds / 2)) << "no change went unseen";
}

TEST(RevisionFile, OneChangeIsUnderWayAtATimeAcrossHandles) {
    const storage::TestFolder folder;
    auto ours = *RevisionFile::open_blocking(folder.file("rev"));
    auto theirs = *RevisionFile::open_blocking(folder.file("rev"));

    std::uint64_t seen_by_theirs = 0;
    std::jthread other;
    {
        const auto change = *ours->begin_change_blocking();
        EXPECT_EQ(theirs->current(), 1u);
        theirs->mend();
        EXPECT_EQ(theirs->current(), 1u) << "a change that is under way is left alone";
        other = std::jthread([&] {
            const auto next = *theirs->begin_change_blocking();
            seen_by_theirs = theirs->current();
        });
    }
    other.join();

    EXPECT_EQ(seen_by_theirs, 3u) << "theirs began after ours had ended";
    EXPECT_EQ(ours->current(), 4u);
}

TEST(RevisionFile, AFolderThatIsNotThereIsNamed) {
    const auto refused = RevisionFile::open_blocking("/nonexistent/keys.revision");
    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_NE(refused.error().message.find("/nonexistent/keys.revision"), std::string::npos);
}

}  // namespace
}  // namespace forebay::keys
