#include "storage/migrations.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "storage/statements.h"

namespace forebay::storage {
namespace {

std::string checksum_of(const Migration& migration) { return to_hex(sha256(migration.sql)); }

// Whether what the database recorded is a beginning of what this binary knows.
Result<void> compare(const std::string& path, std::span<const sql::MigrationRow> recorded,
                     std::span<const Migration> known) {
    for (std::size_t i = 0; i < recorded.size(); ++i) {
        if (i >= known.size())
            return fail(Code::conflict,
                        "{} was made by a newer version of Forebay (migration {} {}); this one knows {} migrations",
                        path, recorded[i].number, recorded[i].name, known.size());
        if (recorded[i].number != known[i].number || recorded[i].checksum != checksum_of(known[i]))
            return fail(Code::conflict, "{} was made with another text of migration {} ({}): restore the released file",
                        path, recorded[i].number, recorded[i].name);
    }
    return {};
}

// Whether it was this call that applied it.
Result<bool> apply_blocking(Database& database, std::span<const Migration> known, const Migration& migration) {
    return database.transaction_blocking([&](Transaction& transaction) -> Result<bool> {
        // Read again under the write lock: another process may have been faster.
        FOREBAY_TRY(const auto recorded, transaction.query_blocking(sql::list_migrations));
        FOREBAY_TRY_VOID(compare(database.path(), recorded, known));
        if (recorded.size() >= static_cast<std::size_t>(migration.number)) return false;
        const std::string name = fmt::format("migration {:04}_{}", migration.number, migration.name);
        FOREBAY_TRY_VOID(transaction.script_blocking(name, std::string(migration.sql)));
        FOREBAY_TRY_VOID(transaction.exec_blocking(sql::record_migration, migration.number, migration.name,
                                                   checksum_of(migration), unix_micros_now()));
        return true;
    });
}

}  // namespace

Result<int> migrate_blocking(Database& database, std::span<const Migration> migrations) {
    FOREBAY_TRY_VOID(database.exec_blocking(sql::create_migration_table));
    FOREBAY_TRY(const auto recorded, database.query_blocking(sql::list_migrations));
    FOREBAY_TRY_VOID(compare(database.path(), recorded, migrations));
    int applied = 0;
    for (std::size_t i = recorded.size(); i < migrations.size(); ++i) {
        FOREBAY_CHECK(migrations[i].number == static_cast<int>(i) + 1);
        FOREBAY_TRY(const bool ours, apply_blocking(database, migrations, migrations[i]));
        if (!ours) continue;
        log::info("{}: applied migration {:04}_{}", database.path(), migrations[i].number, migrations[i].name);
        ++applied;
    }
    return applied;
}

Result<std::unique_ptr<Database>> open_state_blocking(const std::string& path) {
    FOREBAY_TRY(auto database, Database::open_blocking(path));
    FOREBAY_TRY_VOID(migrate_blocking(*database));
    return database;
}

}  // namespace forebay::storage
