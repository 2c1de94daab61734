// Migrations: the schema as numbered steps that only go forward, embedded in the binary.
//
// migrations/NNNN_name.sql is applied once, in one transaction, and recorded with the SHA-256 of its text.
// A released file never changes: a database that recorded another checksum is refused.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "storage/database.h"

namespace forebay::storage {

struct Migration {
    int number;  // from 1, without gaps
    std::string_view name;
    std::string_view sql;
};

// Those of this binary, in order.
std::span<const Migration> embedded_migrations();

// Applies what is missing; how many that were. Several processes may do it at the same time. conflict: the
// database was made by a newer version, or with a migration that has changed since. Blocks.
Result<int> migrate_blocking(Database& database, std::span<const Migration> migrations = embedded_migrations());

// Opens the state database, created if missing, and brings it up to date. Blocks.
Result<std::unique_ptr<Database>> open_state_blocking(const std::string& path);

}  // namespace forebay::storage
