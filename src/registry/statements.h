// The statements of the registry module. The tables are those of migration 0002.
#pragma once
#include "storage/statement.h"

namespace forebay::registry::sql {

using storage::Statement;
using storage::StatementText;

struct KindRow {
    std::string kind;
    auto columns() { return std::tie(kind); }
};
// One row, or none. Served by the primary key.
inline constexpr Statement<KindRow(std::string_view name)> find_kind{"registry.find_kind", R"sql(
    SELECT kind FROM artifact WHERE name = $1)sql"};

struct NameRow {
    std::string name;
    auto columns() { return std::tie(name); }
};
// For messages that say what there is.
inline constexpr Statement<NameRow(std::int64_t limit)> list_names{"registry.list_names", R"sql(
    SELECT name FROM artifact ORDER BY name LIMIT $1)sql"};

inline constexpr Statement<void(std::string_view name, std::string_view kind)> insert_name{"registry.insert_name",
                                                                                           R"sql(
    INSERT INTO artifact (name, kind) VALUES ($1, $2))sql"};

struct VersionRow {
    std::string kind;
    std::string name;
    std::int64_t number = 0;
    std::string digest;
    std::int64_t bytes = 0;
    std::int64_t created_micros = 0;
    std::string source;
    std::string run;
    std::string recipe;
    std::string recipe_digest;
    std::optional<std::string> seed;
    std::string code_version;
    std::string evaluation;
    std::string details;
    auto columns() {
        return std::tie(kind, name, number, digest, bytes, created_micros, source, run, recipe, recipe_digest, seed,
                        code_version, evaluation, details);
    }
};

// All, newest first.
inline constexpr Statement<VersionRow()> list_versions{"registry.list_versions", R"sql(
    SELECT a.kind, v.name, v.number, v.digest, v.bytes, v.created_micros, v.source, v.run, v.recipe, v.recipe_digest,
           v.seed, v.code_version, v.evaluation, v.details
      FROM artifact_version AS v JOIN artifact AS a ON a.name = v.name
     ORDER BY v.created_micros DESC, v.name, v.number DESC)sql"};

// One row, or none. Served by the primary key.
inline constexpr Statement<VersionRow(std::string_view name, std::int64_t number)> find_version{"registry.find_version",
                                                                                                R"sql(
    SELECT a.kind, v.name, v.number, v.digest, v.bytes, v.created_micros, v.source, v.run, v.recipe, v.recipe_digest,
           v.seed, v.code_version, v.evaluation, v.details
      FROM artifact_version AS v JOIN artifact AS a ON a.name = v.name
     WHERE v.name = $1 AND v.number = $2)sql"};

struct NumberRow {
    std::int64_t number = 0;
    auto columns() { return std::tie(number); }
};
// One row, or none: the version of a name that has these bytes. Served by artifact_version_content.
inline constexpr Statement<NumberRow(std::string_view name, std::string_view digest)> find_number_by_content{
    "registry.find_number_by_content", R"sql(
    SELECT number FROM artifact_version WHERE name = $1 AND digest = $2)sql"};

// One row; 0 where the name has no version. Served by the primary key.
inline constexpr Statement<NumberRow(std::string_view name)> find_latest_number{"registry.find_latest_number", R"sql(
    SELECT COALESCE(MAX(number), 0) FROM artifact_version WHERE name = $1)sql"};

struct PlaceRow {
    std::string name;
    std::int64_t number = 0;
    std::string digest;
    auto columns() { return std::tie(name, number, digest); }
};
// The versions whose digest lies in [$1, $2), the first registered first. Served by artifact_version_digest.
inline constexpr Statement<PlaceRow(std::string_view digest_least, std::string_view digest_end)> find_by_digest{
    "registry.find_by_digest", R"sql(
    SELECT name, number, digest FROM artifact_version
     WHERE digest >= $1 AND digest < $2 ORDER BY created_micros, name, number LIMIT 100)sql"};

inline constexpr Statement<PlaceRow()> list_places{"registry.list_places", R"sql(
    SELECT name, number, digest FROM artifact_version ORDER BY name, number)sql"};

inline constexpr Statement<void(std::string_view name, std::int64_t number, std::string_view digest, std::int64_t bytes,
                                std::int64_t created_micros, std::string_view source, std::string_view run,
                                std::string_view recipe, std::string_view recipe_digest,
                                std::optional<std::string_view> seed, std::string_view code_version,
                                std::string_view evaluation, std::string_view details)>
    insert_version{"registry.insert_version", R"sql(
    INSERT INTO artifact_version (name, number, digest, bytes, created_micros, source, run, recipe, recipe_digest, seed,
                                  code_version, evaluation, details)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13))sql"};

struct ParentRow {
    std::string role;
    std::string digest;
    auto columns() { return std::tie(role, digest); }
};
// The base first, then the datasets in their order. Served by the primary key.
inline constexpr Statement<ParentRow(std::string_view name, std::int64_t number)> list_parents{"registry.list_parents",
                                                                                               R"sql(
    SELECT role, digest FROM artifact_parent WHERE name = $1 AND number = $2 ORDER BY role, position)sql"};

inline constexpr Statement<void(std::string_view name, std::int64_t number, std::string_view role,
                                std::int64_t position, std::string_view digest)>
    insert_parent{"registry.insert_parent", R"sql(
    INSERT INTO artifact_parent (name, number, role, position, digest) VALUES ($1, $2, $3, $4, $5))sql"};

struct LabelRow {
    std::string label;
    std::int64_t number = 0;
    std::int64_t sequence = 0;
    auto columns() { return std::tie(label, number, sequence); }
};
// Where each label of a name points now. Served by the primary key.
inline constexpr Statement<LabelRow(std::string_view name)> list_labels{"registry.list_labels", R"sql(
    SELECT label, number, sequence FROM artifact_label_move AS m
     WHERE name = $1 AND sequence = (SELECT MAX(sequence) FROM artifact_label_move AS n
                                      WHERE n.name = m.name AND n.label = m.label)
     ORDER BY label)sql"};

struct MoveRow {
    std::string label;
    std::int64_t number = 0;
    std::int64_t moved_micros = 0;
    auto columns() { return std::tie(label, number, moved_micros); }
};
inline constexpr Statement<MoveRow(std::string_view name)> list_moves{"registry.list_moves", R"sql(
    SELECT label, number, moved_micros FROM artifact_label_move
     WHERE name = $1 ORDER BY moved_micros DESC, label, sequence DESC)sql"};

inline constexpr Statement<void(std::string_view name, std::string_view label, std::int64_t sequence,
                                std::int64_t number, std::int64_t moved_micros)>
    insert_move{"registry.insert_move", R"sql(
    INSERT INTO artifact_label_move (name, label, sequence, number, moved_micros) VALUES ($1, $2, $3, $4, $5))sql"};

inline constexpr StatementText all[] = {
    find_kind.text(),          list_names.text(),     insert_name.text(), list_versions.text(),
    find_version.text(),       list_places.text(),    list_moves.text(),  find_number_by_content.text(),
    find_latest_number.text(), find_by_digest.text(), list_labels.text(), insert_version.text(),
    list_parents.text(),       insert_parent.text(),  insert_move.text()};

}  // namespace forebay::registry::sql
