#include "storage/migrations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "storage/statements.h"
#include "storage/test_rig.h"

namespace forebay::storage {
namespace {

struct SchemaRow {
    std::string type;
    std::string name;
    std::optional<std::string> sql;
    auto columns() { return std::tie(type, name, sql); }
    bool operator==(const SchemaRow&) const = default;
};
constexpr Statement<SchemaRow()> list_schema{"test.list_schema",
                                             "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"};

std::vector<SchemaRow> schema_of(Database& database) {
    auto rows = database.query_blocking(list_schema);
    EXPECT_TRUE(rows.has_value());
    return *std::move(rows);
}

std::unique_ptr<Database> open(const std::string& path) {
    auto opened = Database::open_blocking(path);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return *std::move(opened);
}

constexpr Migration first{1, "first", "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY) STRICT;"};
constexpr Migration second{2, "second", "CREATE TABLE b (id INTEGER NOT NULL) STRICT; INSERT INTO a (id) VALUES (1);"};
constexpr Migration second_changed{2, "second", "CREATE TABLE b (id INTEGER NOT NULL) STRICT;"};
constexpr Migration broken{2, "broken", "CREATE TABLE b (id INTEGER NOT NULL) STRICT; INSERT INTO c VALUES (1);"};

TEST(Migrations, AreNumberedFromOneWithoutGapsAndAreAppliedOnce) {
    const TestFolder folder;
    for (std::size_t i = 0; i < embedded_migrations().size(); ++i) {
        EXPECT_EQ(embedded_migrations()[i].number, static_cast<int>(i) + 1);
        EXPECT_NE(embedded_migrations()[i].name, "");
    }
    ASSERT_FALSE(embedded_migrations().empty());

    auto db = open(folder.file("state.db"));

    EXPECT_EQ(*migrate_blocking(*db), static_cast<int>(embedded_migrations().size()));
    EXPECT_EQ(*migrate_blocking(*db), 0);
    EXPECT_TRUE(open_state_blocking(folder.file("state.db")).has_value());
}

TEST(Migrations, EveryStatementFitsItsTableAndPostgreSqlToo) {
    const TestFolder folder;
    auto db = *open_state_blocking(folder.file("state.db"));
    for (const StatementText& statement : sql::all) {
        const auto checked = db->check_blocking(statement);
        EXPECT_TRUE(checked.has_value()) << checked.error().message;
        expect_portable(statement);
    }
}

TEST(Migrations, AnUpgradeFromEachOlderSchemaEqualsAFreshOne) {
    const TestFolder folder;
    auto fresh = *open_state_blocking(folder.file("fresh.db"));
    const auto all = embedded_migrations();
    for (std::size_t have = 0; have <= all.size(); ++have) {
        auto older = open(folder.file("older" + std::to_string(have) + ".db"));
        ASSERT_TRUE(migrate_blocking(*older, all.first(have)).has_value());

        EXPECT_EQ(*migrate_blocking(*older), static_cast<int>(all.size() - have));

        EXPECT_EQ(schema_of(*older), schema_of(*fresh)) << "from " << have;
    }
}

// The fixtures are dumps of databases that released versions made: they keep released migrations as they are.
TEST(Migrations, EveryReleasedFixtureUpgradesToTheFreshSchemaAndKeepsItsRows) {
    const TestFolder folder;
    auto fresh = *open_state_blocking(folder.file("fresh.db"));
    int fixtures = 0;
    for (const auto& entry : std::filesystem::directory_iterator(FOREBAY_FIXTURES)) {
        std::stringstream dump;
        dump << std::ifstream(entry.path()).rdbuf();
        auto db = open(folder.file(entry.path().stem().string() + ".db"));
        const auto loaded = db->transaction_blocking(
            [&](Transaction& transaction) { return transaction.script_blocking("fixture", dump.str()); });
        ASSERT_TRUE(loaded.has_value()) << entry.path() << ": " << loaded.error().message;

        const auto upgraded = migrate_blocking(*db);

        ASSERT_TRUE(upgraded.has_value()) << entry.path() << ": " << upgraded.error().message;
        EXPECT_EQ(schema_of(*db), schema_of(*fresh)) << entry.path();
        struct NameRow {
            std::string name;
            auto columns() { return std::tie(name); }
        };
        static constexpr Statement<NameRow()> names{"test.names", "SELECT name FROM api_key ORDER BY id"};
        EXPECT_EQ(db->query_blocking(names)->at(0).name, "from an older version");
        ++fixtures;
    }
    EXPECT_GE(fixtures, 1);
}

TEST(Migrations, AChangedTextIsRefusedAndTheMigrationIsNamed) {
    const TestFolder folder;
    auto db = open(folder.file("state.db"));
    ASSERT_EQ(*migrate_blocking(*db, std::array{first, second}), 2);

    const auto refused = migrate_blocking(*db, std::array{first, second_changed});

    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_NE(refused.error().message.find("another text of migration 2 (second)"), std::string::npos);
}

TEST(Migrations, ADatabaseOfANewerVersionIsRefused) {
    const TestFolder folder;
    auto db = open(folder.file("state.db"));
    ASSERT_EQ(*migrate_blocking(*db, std::array{first, second}), 2);

    const auto refused = migrate_blocking(*db, std::array{first});

    EXPECT_EQ(refused.error().code, Code::conflict);
    EXPECT_NE(refused.error().message.find("newer version"), std::string::npos) << refused.error().message;
}

TEST(Migrations, AFailedOneLeavesTheSchemaBeforeIt) {
    const TestFolder folder;
    auto db = open(folder.file("state.db"));
    ASSERT_EQ(*migrate_blocking(*db, std::array{first}), 1);
    const auto before = schema_of(*db);

    EXPECT_FALSE(migrate_blocking(*db, std::array{first, broken}).has_value());

    EXPECT_EQ(schema_of(*db), before);
    EXPECT_EQ(*migrate_blocking(*db, std::array{first, second}), 1);
}

// Fails the nth call, for every n: a second attempt finishes the work.
TEST(Migrations, AnInterruptedUpgradeIsFinishedByTheNextOne) {
    for (int nth = 0;; ++nth) {
        ASSERT_LT(nth, 100);
        const TestFolder folder;
        auto db = open(folder.file("state.db"));
        db->fail_call_for_test(nth);

        const auto attempt = migrate_blocking(*db, std::array{first, second});

        const bool fired = db->fault_fired_for_test();
        db->fail_call_for_test(-1);
        EXPECT_EQ(attempt.has_value(), !fired) << "call " << nth;
        ASSERT_TRUE(migrate_blocking(*db, std::array{first, second}).has_value()) << "call " << nth;
        auto fresh = open(folder.file("fresh.db"));
        ASSERT_TRUE(migrate_blocking(*fresh, std::array{first, second}).has_value());
        EXPECT_EQ(schema_of(*db), schema_of(*fresh)) << "call " << nth;
        if (!fired) break;
    }
}

TEST(Migrations, SeveralProcessesMayOpenANewDatabaseAtOnce) {
    for (int round = 0; round < 10; ++round) {
        const TestFolder folder;
        std::vector<std::jthread> openers;
        for (int i = 0; i < 4; ++i) {
            openers.emplace_back([&folder] {
                const auto opened = open_state_blocking(folder.file("state.db"));
                EXPECT_TRUE(opened.has_value()) << opened.error().message;
            });
        }
    }
}

}  // namespace
}  // namespace forebay::storage
