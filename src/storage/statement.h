// Statements: SQL with a name and a C++ signature, so that arity and types are checked when compiling.
//
//   struct KeyRow {
//       std::string id;
//       std::optional<std::int64_t> revoked_micros;
//       auto columns() { return std::tie(id, revoked_micros); }
//   };
//   inline constexpr Statement<KeyRow(std::string_view name)> find_key{"keys.find", "SELECT … WHERE name = $1"};
//   database.query_blocking(find_key, name)
//
// The name is the label in errors, metrics and traces. SQL stays in what SQLite and PostgreSQL both take:
// $1 placeholders, ON CONFLICT, RETURNING; README.md lists the types. Each module keeps its statements in
// its own statements.h with an array of all of them, which a test prepares.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

namespace forebay::storage {

// Bytes, where a string_view is text.
struct Blob {
    std::string_view bytes;
};

// One parameter or one cell. Views are valid until the call returns.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, Blob>;

// A statement without its types: what a registry lists and what a database runs.
struct StatementText {
    std::string_view name;
    std::string_view sql;
    std::size_t parameters;
    std::size_t columns;
};

template <class Signature>
struct Statement;

template <class Row, class... Args>
struct Statement<Row(Args...)> {
    std::string_view name;
    std::string_view sql;

    constexpr StatementText text() const {
        if constexpr (std::is_void_v<Row>) {
            return {name, sql, sizeof...(Args), 0};
        } else {
            using Columns = decltype(std::declval<Row&>().columns());
            return {name, sql, sizeof...(Args), std::tuple_size_v<Columns>};
        }
    }
};

inline Value to_value(std::int64_t number) { return number; }
inline Value to_value(double number) { return number; }
inline Value to_value(std::string_view text) { return text; }
inline Value to_value(Blob blob) { return blob; }
template <class T>
Value to_value(const std::optional<T>& maybe) {
    return maybe ? to_value(*maybe) : Value();
}

// Whether the cell has the field's type; copies it there when it has.
inline bool read_cell(const Value& cell, std::int64_t& out) {
    const auto* number = std::get_if<std::int64_t>(&cell);
    if (number) out = *number;
    return number != nullptr;
}
inline bool read_cell(const Value& cell, double& out) {
    const auto* number = std::get_if<double>(&cell);
    if (number) out = *number;
    return number != nullptr;
}
// Text or bytes.
inline bool read_cell(const Value& cell, std::string& out) {
    if (const auto* text = std::get_if<std::string_view>(&cell)) {
        out = *text;
    } else if (const auto* blob = std::get_if<Blob>(&cell)) {
        out = blob->bytes;
    } else {
        return false;
    }
    return true;
}
template <class T>
bool read_cell(const Value& cell, std::optional<T>& out) {
    if (std::holds_alternative<std::monostate>(cell)) {
        out.reset();
        return true;
    }
    return read_cell(cell, out.emplace());
}

// Fills a row from its cells; the number of a cell that does not fit, from 1, or 0 when all did.
template <class Row>
std::size_t read_row(std::span<const Value> cells, Row& row) {
    return std::apply(
        [&](auto&... fields) {
            std::size_t column = 0;
            const bool fits = (read_cell(cells[column++], fields) && ...);
            return fits ? std::size_t{0} : column;
        },
        row.columns());
}

}  // namespace forebay::storage
