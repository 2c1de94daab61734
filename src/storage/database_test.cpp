#include "storage/database.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "storage/test_rig.h"

namespace forebay::storage {
namespace {

constexpr Statement<void()> create_items{"test.create_items", R"sql(
    CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT, weight REAL,
                       data BLOB, parent INTEGER REFERENCES item (id)) STRICT)sql"};
// $2 occurs before $1: numbers count, not places.
constexpr Statement<void(std::int64_t id, std::string_view name, std::optional<std::string_view> note,
                         std::optional<double> weight, Blob data)>
    insert_item{"test.insert_item", "INSERT INTO item (name, id, note, weight, data) VALUES ($2, $1, $3, $4, $5)"};
constexpr Statement<void(std::int64_t id, std::string_view name, std::int64_t parent)> insert_child{
    "test.insert_child", "INSERT INTO item (id, name, parent) VALUES ($1, $2, $3)"};
constexpr Statement<void(std::int64_t id)> delete_from{"test.delete_from", "DELETE FROM item WHERE id >= $1"};

struct ItemRow {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> note;
    std::optional<double> weight;
    std::string data;
    auto columns() { return std::tie(id, name, note, weight, data); }
};
constexpr Statement<ItemRow()> list_items{"test.list_items",
                                          "SELECT id, name, note, weight, data FROM item ORDER BY id"};
struct CountRow {
    std::int64_t count = 0;
    auto columns() { return std::tie(count); }
};
constexpr Statement<CountRow()> count_items{"test.count_items", "SELECT count(*) FROM item"};
struct NoteRow {
    std::string note;
    auto columns() { return std::tie(note); }
};
constexpr Statement<NoteRow()> list_notes{"test.list_notes", "SELECT note FROM item"};
constexpr Statement<CountRow(std::int64_t id)> rename_returning{
    "test.rename_returning", "UPDATE item SET name = name || '!' WHERE id = $1 RETURNING id"};

struct DatabaseTest : testing::Test {
    void SetUp() override {
        auto opened = Database::open_blocking(folder.file("state.db"));
        ASSERT_TRUE(opened.has_value()) << opened.error().message;
        db = *std::move(opened);
        ASSERT_TRUE(db->exec_blocking(create_items).has_value());
    }
    std::int64_t count() { return db->query_blocking(count_items)->at(0).count; }
    Result<std::int64_t> insert(Connection& connection, std::int64_t id) {
        return connection.exec_blocking(insert_item, id, "item " + std::to_string(id), std::nullopt, std::nullopt,
                                        Blob{});
    }

    TestFolder folder;
    std::unique_ptr<Database> db;
};

TEST_F(DatabaseTest, ValuesOfEveryTypeComeBackAsTheyWere) {
    const std::string bytes("a\0b\xff", 4);
    ASSERT_TRUE(db->exec_blocking(insert_item, 7, "näme", "", 2.5, Blob{bytes}).has_value());
    ASSERT_TRUE(
        db->exec_blocking(insert_item, INT64_MIN, std::string_view(), std::nullopt, std::nullopt, Blob{}).has_value());

    const auto rows = db->query_blocking(list_items);

    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    ASSERT_EQ(rows->size(), 2u);
    EXPECT_EQ(rows->at(0).id, INT64_MIN);
    EXPECT_EQ(rows->at(0).name, "") << "an empty text is not NULL";
    EXPECT_FALSE(rows->at(0).note.has_value());
    EXPECT_FALSE(rows->at(0).weight.has_value());
    EXPECT_EQ(rows->at(0).data, "");
    EXPECT_EQ(rows->at(1).name, "näme");
    EXPECT_EQ(rows->at(1).note, "");
    EXPECT_EQ(rows->at(1).weight, 2.5);
    EXPECT_EQ(rows->at(1).data, bytes);
}

TEST_F(DatabaseTest, ExecSaysHowManyRowsChangedAndReturningGivesThem) {
    for (int id = 1; id <= 5; ++id) ASSERT_TRUE(insert(*db, id).has_value());

    EXPECT_EQ(db->query_blocking(rename_returning, 5)->at(0).count, 5);
    EXPECT_EQ(*db->exec_blocking(delete_from, 3), 3);
    EXPECT_EQ(*db->exec_blocking(delete_from, 3), 0);
    EXPECT_TRUE(db->query_blocking(rename_returning, 5)->empty());
}

TEST_F(DatabaseTest, ViolatedKeysAreConflictsAndNameNoValue) {
    ASSERT_TRUE(insert(*db, 1).has_value());

    const auto twice = db->exec_blocking(insert_item, 2, "item 1", std::nullopt, std::nullopt, Blob{});
    const auto orphan = db->exec_blocking(insert_child, 3, "child", 99);

    EXPECT_EQ(twice.error().code, Code::conflict);
    EXPECT_EQ(twice.error().message.find("item 1"), std::string::npos);
    EXPECT_EQ(orphan.error().code, Code::conflict);
    EXPECT_EQ(count(), 1);
}

TEST_F(DatabaseTest, ANullForAFieldThatCannotBeNullIsInternal) {
    ASSERT_TRUE(insert(*db, 1).has_value());

    const auto rows = db->query_blocking(list_notes);

    EXPECT_EQ(rows.error().code, Code::internal);
    EXPECT_NE(rows.error().message.find("test.list_notes: column 1"), std::string::npos) << rows.error().message;
}

TEST_F(DatabaseTest, CheckFindsStatementsThatDoNotFitTheirTypes) {
    EXPECT_TRUE(db->check_blocking(list_items.text()).has_value());
    for (const StatementText wrong : {
             StatementText{"few parameters", "SELECT id FROM item WHERE id = $1", 0, 1},
             StatementText{"gap in numbers", "SELECT id FROM item WHERE id = $2", 1, 1},
             StatementText{"many columns", "SELECT id, name FROM item", 0, 1},
             StatementText{"no such table", "SELECT id FROM items", 0, 1},
             StatementText{"two statements", "SELECT 1; SELECT 2", 0, 1},
             StatementText{"none", "-- nothing", 0, 0},
         }) {
        EXPECT_EQ(db->check_blocking(wrong).error().code, Code::internal) << wrong.name;
    }
}

TEST_F(DatabaseTest, AFailedTransactionLeavesNothing) {
    const auto failed = db->transaction_blocking([&](Transaction& transaction) -> Result<int> {
        FOREBAY_TRY_VOID(insert(transaction, 1));
        FOREBAY_TRY_VOID(insert(transaction, 1));
        return 1;
    });
    EXPECT_EQ(failed.error().code, Code::conflict);
    EXPECT_EQ(count(), 0);

    EXPECT_THROW((void)db->transaction_blocking([&](Transaction& transaction) -> Result<int> {
        EXPECT_TRUE(insert(transaction, 1).has_value());
        throw std::runtime_error("a bug in the work");
    }),
                 std::runtime_error);
    EXPECT_EQ(count(), 0);
}

// Fails the nth call, for every n: the two rows are visible exactly when the transaction succeeded.
TEST_F(DatabaseTest, ATransactionIsVisibleExactlyWhenItSucceeds) {
    for (int nth = 0;; ++nth) {
        ASSERT_LT(nth, 100);
        ASSERT_TRUE(db->exec_blocking(delete_from, 0).has_value());
        db->fail_call_for_test(nth);

        const auto done = db->transaction_blocking([&](Transaction& transaction) -> Result<void> {
            FOREBAY_TRY_VOID(insert(transaction, 1));
            FOREBAY_TRY_VOID(insert(transaction, 2));
            return {};
        });

        const bool fired = db->fault_fired_for_test();
        db->fail_call_for_test(-1);
        EXPECT_EQ(done.has_value(), !fired) << "call " << nth;
        EXPECT_EQ(count(), done.has_value() ? 2 : 0) << "call " << nth;
        if (!fired) {
            EXPECT_EQ(nth, 4) << "begin, two inserts, commit";
            break;
        }
    }
}

TEST_F(DatabaseTest, AnotherWriterIsWaitedForAndThenNamed) {
    auto other = *Database::open_blocking(db->path(), std::chrono::milliseconds(20));

    const auto held = db->transaction_blocking([&](Transaction& transaction) -> Result<Error> {
        FOREBAY_TRY_VOID(insert(transaction, 1));
        EXPECT_TRUE(other->query_blocking(count_items).has_value()) << "readers are not held up";
        auto refused = insert(*other, 2);
        EXPECT_FALSE(refused.has_value());
        return std::move(refused).error();
    });

    ASSERT_TRUE(held.has_value());
    EXPECT_EQ(held->code, Code::unavailable);
    EXPECT_NE(held->message.find(db->path() + " is locked"), std::string::npos) << held->message;
    EXPECT_TRUE(insert(*other, 2).has_value());
}

TEST_F(DatabaseTest, AFullDiskIsUnavailableAndNamesTheFile) {
    struct PageRow {
        std::int64_t pages = 0;
        auto columns() { return std::tie(pages); }
    };
    static constexpr Statement<PageRow()> limit{"test.limit", "PRAGMA max_page_count = 4"};
    ASSERT_TRUE(db->query_blocking(limit).has_value());

    const auto full =
        db->exec_blocking(insert_item, 1, "large", std::nullopt, std::nullopt, Blob{std::string(1 << 20, 'x')});

    EXPECT_EQ(full.error().code, Code::unavailable);
    EXPECT_NE(full.error().message.find("no space is left on the disk for " + db->path()), std::string::npos)
        << full.error().message;
    EXPECT_EQ(count(), 0);
}

TEST_F(DatabaseTest, ThreadsShareOneDatabase) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([this, t] {
            for (int i = 0; i < 50; ++i) EXPECT_TRUE(insert(*db, t * 1000 + i).has_value());
        });
    }
    threads.clear();
    EXPECT_EQ(count(), 200);
}

TEST(Database, AFileThatIsNoDatabaseIsNamed) {
    const TestFolder folder;
    std::ofstream(folder.file("state.db")) << std::string(4096, 'x');

    const auto damaged = Database::open_blocking(folder.file("state.db"));
    const auto nowhere = Database::open_blocking(folder.file("no/state.db"));

    EXPECT_EQ(damaged.error().code, Code::unavailable);
    EXPECT_NE(damaged.error().message.find("is damaged or is not a database"), std::string::npos);
    EXPECT_EQ(nowhere.error().code, Code::unavailable);
    EXPECT_NE(nowhere.error().message.find("cannot open " + folder.file("no/state.db")), std::string::npos);
}

TEST(Database, AFileThatItMakesIsItsOwnersAlone) {
    const TestFolder folder;
    auto db = *Database::open_blocking(folder.file("state.db"));
    ASSERT_TRUE(db->exec_blocking(create_items).has_value());

    for (const auto& file : std::filesystem::directory_iterator(folder.path()))
        EXPECT_EQ(file.status().permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
            << file.path();
}

TEST(DatabaseDeathTest, UsingTheDatabaseInsideItsOwnTransactionIsABug) {
    const TestFolder folder;
    auto db = *Database::open_blocking(folder.file("state.db"));
    EXPECT_DEATH((void)db->transaction_blocking(
                     [&](Transaction&) -> Result<std::int64_t> { return db->exec_blocking(create_items); }),
                 "");
}

}  // namespace
}  // namespace forebay::storage
