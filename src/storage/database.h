// Database: one SQLite file, through typed statements.
//
// Floor    2. Modules above keep their tables in it.
// Owner    app/ opens one per process; commands open their own. It outlives all that uses it.
// Threads  any; every method blocks, on the disk and on other users of the file, so I/O threads reach it
//          through an exec::Pool. An internal mutex lets one caller in at a time and is held for a whole
//          transaction. Several processes may have the file open: writers wait for each other up to the
//          busy timeout.
// Durable  a committed change survives a power loss (WAL, synchronous=FULL).
// Errors   unavailable (locked longer than the busy timeout, disk full or failing, not a database),
//          conflict (a unique or foreign key is violated), internal (a statement that does not fit its
//          table or its C++ types).
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "storage/statement.h"

namespace forebay::storage {

// Called for each row; false ends the statement with `internal`.
using RowSink = std::function<bool(std::span<const Value>)>;

// Where statements run: a Database, or a transaction on it.
class Connection {
public:
    virtual ~Connection() = default;

    // All rows. Blocks.
    template <class Row, class... Args>
    Result<std::vector<Row>> query_blocking(const Statement<Row(Args...)>& statement,
                                            std::type_identity_t<Args>... args);
    // For statements without rows; the number of rows changed. Blocks.
    template <class... Args>
    Result<std::int64_t> exec_blocking(const Statement<void(Args...)>& statement, std::type_identity_t<Args>... args);

protected:
    virtual Result<std::int64_t> run_blocking(const StatementText& statement, std::span<const Value> parameters,
                                              const RowSink& on_row) = 0;
};

class Database;

class Transaction final : public Connection {
public:
    // Several statements at once, without parameters: for migrations. Blocks.
    Result<void> script_blocking(std::string_view name, const std::string& sql);

private:
    friend class Database;
    explicit Transaction(Database& database) : database_(database) {}
    Result<std::int64_t> run_blocking(const StatementText& statement, std::span<const Value> parameters,
                                      const RowSink& on_row) override;
    Database& database_;
};

class Database final : public Connection {
public:
    static constexpr std::chrono::milliseconds default_busy_timeout{5'000};

    // Opens the file, created if missing; its folder must exist. Does not migrate: see
    // open_state_blocking(). Blocks.
    static Result<std::unique_ptr<Database>> open_blocking(
        const std::string& path, std::chrono::milliseconds busy_timeout = default_busy_timeout);
    ~Database() override;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Runs work(Transaction&), which returns a Result, and commits when it succeeds; otherwise nothing of
    // it remains. Takes the write lock first, so that what it reads is what it changes. `work` uses the
    // transaction, never the database itself: that fails a CHECK, because it would wait for itself.
    // Blocks.
    template <class F>
    std::invoke_result_t<F&, Transaction&> transaction_blocking(F work);

    // Compiles a statement and compares its parameters and columns with its C++ types. Blocks.
    Result<void> check_blocking(const StatementText& statement);

    const std::string& path() const;

    // Fails the nth call from now with unavailable (0: the next one; negative: none). A call is one
    // statement, script, begin or commit.
    void fail_call_for_test(int nth);
    bool fault_fired_for_test() const;

private:
    friend class Transaction;
    struct Impl;
    class Session;

    explicit Database(std::unique_ptr<Impl> impl);
    Result<std::int64_t> run_blocking(const StatementText& statement, std::span<const Value> parameters,
                                      const RowSink& on_row) override;
    Result<void> transact_blocking(const std::function<bool(Transaction&)>& work);

    std::unique_ptr<Impl> impl_;
};

template <class Row, class... Args>
Result<std::vector<Row>> Connection::query_blocking(const Statement<Row(Args...)>& statement,
                                                    std::type_identity_t<Args>... args) {
    static_assert(!std::is_void_v<Row>, "a statement without rows is for exec_blocking()");
    const Value parameters[sizeof...(Args) + 1] = {to_value(args)...};
    std::vector<Row> rows;
    std::size_t misfit = 0;
    const auto on_row = [&](std::span<const Value> cells) {
        misfit = read_row(cells, rows.emplace_back());
        return misfit == 0;
    };
    auto ran = run_blocking(statement.text(), std::span(parameters, sizeof...(Args)), on_row);
    if (misfit != 0) return fail(Code::internal, "{}: column {} has another type in C++", statement.name, misfit);
    if (!ran) return std::unexpected(std::move(ran).error());
    return rows;
}

template <class... Args>
Result<std::int64_t> Connection::exec_blocking(const Statement<void(Args...)>& statement,
                                               std::type_identity_t<Args>... args) {
    const Value parameters[sizeof...(Args) + 1] = {to_value(args)...};
    return run_blocking(statement.text(), std::span(parameters, sizeof...(Args)), RowSink());
}

template <class F>
std::invoke_result_t<F&, Transaction&> Database::transaction_blocking(F work) {
    using R = std::invoke_result_t<F&, Transaction&>;
    R result = std::unexpected(Error{});
    bool ran = false;
    auto committed = transact_blocking([&](Transaction& transaction) {
        ran = true;
        result = work(transaction);
        return result.has_value();
    });
    // What `work` said comes first: a failed work was rolled back.
    if (ran && !result) return result;
    if (!committed) return std::unexpected(std::move(committed).error());
    return result;
}

}  // namespace forebay::storage
