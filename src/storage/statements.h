// The statements of the storage module itself.
#pragma once
#include "storage/statement.h"

namespace forebay::storage::sql {

inline constexpr Statement<void()> create_migration_table{"storage.create_migration_table", R"sql(
    CREATE TABLE IF NOT EXISTS migration (
        number         INTEGER NOT NULL PRIMARY KEY,
        name           TEXT    NOT NULL,
        checksum       TEXT    NOT NULL,
        applied_micros INTEGER NOT NULL
    ) STRICT)sql"};

struct MigrationRow {
    std::int64_t number = 0;
    std::string name;
    std::string checksum;
    auto columns() { return std::tie(number, name, checksum); }
};
// A few rows, oldest first.
inline constexpr Statement<MigrationRow()> list_migrations{"storage.list_migrations", R"sql(
    SELECT number, name, checksum FROM migration ORDER BY number)sql"};

inline constexpr Statement<void(std::int64_t number, std::string_view name, std::string_view checksum,
                                std::int64_t applied_micros)>
    record_migration{"storage.record_migration", R"sql(
    INSERT INTO migration (number, name, checksum, applied_micros) VALUES ($1, $2, $3, $4))sql"};

// create_migration_table comes first: the others need the table.
inline constexpr StatementText all[] = {create_migration_table.text(), list_migrations.text(), record_migration.text()};

}  // namespace forebay::storage::sql
