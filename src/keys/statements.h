// The statements of the keys module. The table is api_key, migration 0001.
#pragma once
#include "storage/statement.h"

namespace forebay::keys::sql {

using storage::Statement;
using storage::StatementText;

struct KeyRow {
    std::string id;
    std::string name;
    std::string role;
    std::string secret_hash;
    std::int64_t created_micros = 0;
    std::optional<std::int64_t> revoked_micros;
    auto columns() { return std::tie(id, name, role, secret_hash, created_micros, revoked_micros); }
};

// Every key that ever was, newest first.
inline constexpr Statement<KeyRow()> list{"keys.list", R"sql(
    SELECT id, name, role, secret_hash, created_micros, revoked_micros
      FROM api_key ORDER BY created_micros DESC, id)sql"};

inline constexpr Statement<KeyRow()> list_live{"keys.list_live", R"sql(
    SELECT id, name, role, secret_hash, created_micros, revoked_micros
      FROM api_key WHERE revoked_micros IS NULL)sql"};

// One row, or none. Served by the primary key.
inline constexpr Statement<KeyRow(std::string_view id)> find_by_id{"keys.find_by_id", R"sql(
    SELECT id, name, role, secret_hash, created_micros, revoked_micros
      FROM api_key WHERE id = $1)sql"};

// One row, or none. Served by api_key_live_name.
inline constexpr Statement<KeyRow(std::string_view name)> find_live_by_name{"keys.find_live_by_name", R"sql(
    SELECT id, name, role, secret_hash, created_micros, revoked_micros
      FROM api_key WHERE name = $1 AND revoked_micros IS NULL)sql"};

inline constexpr Statement<void(std::string_view id, std::string_view name, std::string_view role,
                                std::string_view secret_hash, std::int64_t created_micros)>
    insert{"keys.insert", R"sql(
    INSERT INTO api_key (id, name, role, secret_hash, created_micros) VALUES ($1, $2, $3, $4, $5))sql"};

inline constexpr Statement<void(std::string_view id, std::int64_t revoked_micros)> revoke{"keys.revoke", R"sql(
    UPDATE api_key SET revoked_micros = $2 WHERE id = $1 AND revoked_micros IS NULL)sql"};

inline constexpr StatementText all[] = {list.text(),   list_live.text(), find_by_id.text(), find_live_by_name.text(),
                                        insert.text(), revoke.text()};

}  // namespace forebay::keys::sql
