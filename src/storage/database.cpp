#include "storage/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "storage/sqlite_errors.h"

namespace forebay::storage {
namespace {

constexpr int wal_retry_ms = 5;

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
};

// A compiled statement. `places` maps parameter n-1 to SQLite's index: SQLite numbers $1, $2 by where they
// first occur, not by their digits.
struct Prepared {
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
    std::string_view sql;
    std::vector<int> places;
};

// Leaves a statement ready for its next use, whatever happened.
class Use {
public:
    explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
    ~Use() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

private:
    sqlite3_stmt* statement_;
};

// A null pointer would bind NULL, so an empty text needs an address.
const char* address(std::string_view text) { return text.data() ? text.data() : ""; }

int bind(sqlite3_stmt* statement, int place, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, place, *number);
    if (const auto* number = std::get_if<double>(&value)) return sqlite3_bind_double(statement, place, *number);
    if (const auto* text = std::get_if<std::string_view>(&value))
        return sqlite3_bind_text64(statement, place, address(*text), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    if (const auto* blob = std::get_if<Blob>(&value))
        return sqlite3_bind_blob64(statement, place, address(blob->bytes), blob->bytes.size(), SQLITE_STATIC);
    return sqlite3_bind_null(statement, place);
}

Value cell(sqlite3_stmt* statement, int column) {
    const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement, column)); };
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER: return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
        case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
        case SQLITE_TEXT: {
            const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
            return std::string_view(text, size());
        }
        case SQLITE_BLOB: {
            const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
            return Blob{bytes ? std::string_view(bytes, size()) : std::string_view()};
        }
        default: return {};
    }
}

constexpr StatementText begin_text{"storage.begin", "BEGIN IMMEDIATE", 0, 0};
constexpr StatementText commit_text{"storage.commit", "COMMIT", 0, 0};

}  // namespace

struct Database::Impl {
    std::string path;
    std::unique_ptr<sqlite3, Close> handle;

    std::mutex mutex;
    std::atomic<std::thread::id> owner;  // who holds `mutex`: a second lock by the same thread is a bug
    // Guarded by `mutex`. Keyed by the statement's name.
    std::unordered_map<std::string, Prepared> prepared;
    int fault_in = -1;
    std::atomic<bool> fault_fired{false};

    Result<void> take_fault(std::string_view name);
    Result<Prepared*> prepare(const StatementText& text);
    Result<std::int64_t> run(const StatementText& text, std::span<const Value> parameters, const RowSink& on_row);
    Result<void> script(std::string_view name, const std::string& sql);
};

class Database::Session {
public:
    explicit Session(Impl& impl) : impl_(impl) {
        FOREBAY_CHECK(impl_.owner.load(std::memory_order_relaxed) != std::this_thread::get_id());
        impl_.mutex.lock();
        impl_.owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    ~Session() {
        impl_.owner.store(std::thread::id(), std::memory_order_relaxed);
        impl_.mutex.unlock();
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

private:
    Impl& impl_;
};

Result<void> Database::Impl::take_fault(std::string_view name) {
    if (fault_in < 0 || fault_in-- > 0) return {};
    fault_fired = true;
    return fail(Code::unavailable, "{}: a fault asked for by a test", name);
}

Result<Prepared*> Database::Impl::prepare(const StatementText& text) {
    const std::string name(text.name);
    if (const auto found = prepared.find(name); found != prepared.end()) {
        FOREBAY_CHECK(found->second.sql == text.sql);  // two statements with one name
        return &found->second;
    }
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle.get(), text.sql.data(), static_cast<int>(text.sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, &rest);
    Prepared fresh{std::unique_ptr<sqlite3_stmt, Finalize>(raw), text.sql, {}};
    if (code != SQLITE_OK) return sqlite_failure(handle.get(), code, text.name, path);
    const std::string_view left(rest, static_cast<std::size_t>(text.sql.data() + text.sql.size() - rest));
    if (!raw || left.find_first_not_of(" \t\r\n") != std::string_view::npos)
        return fail(Code::internal, "{}: exactly one statement is needed", text.name);
    if (static_cast<std::size_t>(sqlite3_bind_parameter_count(raw)) != text.parameters)
        return fail(Code::internal, "{}: takes {} parameters, not {}", text.name, sqlite3_bind_parameter_count(raw),
                    text.parameters);
    if (static_cast<std::size_t>(sqlite3_column_count(raw)) != text.columns)
        return fail(Code::internal, "{}: has {} columns, not {}", text.name, sqlite3_column_count(raw), text.columns);
    for (std::size_t number = 1; number <= text.parameters; ++number) {
        const int place = sqlite3_bind_parameter_index(raw, fmt::format("${}", number).c_str());
        if (place == 0) return fail(Code::internal, "{}: has no ${}", text.name, number);
        fresh.places.push_back(place);
    }
    return &prepared.emplace(name, std::move(fresh)).first->second;
}

Result<std::int64_t> Database::Impl::run(const StatementText& text, std::span<const Value> parameters,
                                         const RowSink& on_row) {
    FOREBAY_TRY_VOID(take_fault(text.name));
    FOREBAY_TRY(Prepared * prepared_statement, prepare(text));
    sqlite3_stmt* statement = prepared_statement->statement.get();
    const Use use(statement);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const int code = bind(statement, prepared_statement->places[i], parameters[i]);
        if (code != SQLITE_OK) return sqlite_failure(handle.get(), code, text.name, path);
    }
    std::vector<Value> cells(text.columns);
    for (;;) {
        const int code = sqlite3_step(statement);
        if (code == SQLITE_DONE) break;
        if (code != SQLITE_ROW) return sqlite_failure(handle.get(), code, text.name, path);
        for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = cell(statement, static_cast<int>(i));
        if (on_row && !on_row(cells)) return fail(Code::internal, "{}: a row was refused", text.name);
    }
    return sqlite3_changes64(handle.get());
}

Result<void> Database::Impl::script(std::string_view name, const std::string& sql) {
    FOREBAY_TRY_VOID(take_fault(name));
    const int code = sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_failure(handle.get(), code, name, path);
    return {};
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// Statements go before the handle that they belong to.
Database::~Database() { impl_->prepared.clear(); }

Result<std::unique_ptr<Database>> Database::open_blocking(const std::string& path,
                                                          std::chrono::milliseconds busy_timeout) {
    auto impl = std::make_unique<Impl>();
    impl->path = path;
    // SQLite would let everybody read a file that it makes. What it makes beside it follows the file's mode.
    if (const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); fd >= 0) ::close(fd);
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    impl->handle.reset(raw);
    if (opened != SQLITE_OK) return sqlite_failure(raw, opened, "open", path);
    sqlite3_busy_timeout(raw, static_cast<int>(busy_timeout.count()));

    std::string mode;
    static constexpr StatementText wal{"storage.wal", "PRAGMA journal_mode = WAL", 0, 1};
    const auto on_row = [&](std::span<const Value> cells) { return read_cell(cells[0], mode); };
    // SQLite does not wait by itself for somebody who is making the same file a WAL at this moment.
    const auto give_up = Deadline::in(busy_timeout);
    auto switched = impl->run(wal, {}, on_row);
    while (!switched && (sqlite3_errcode(raw) & 0xff) == SQLITE_BUSY && !give_up.passed()) {
        sqlite3_sleep(wal_retry_ms);
        switched = impl->run(wal, {}, on_row);
    }
    FOREBAY_TRY_VOID(std::move(switched));
    if (mode != "wal")
        return fail(Code::unavailable, "the file system of {} cannot hold SQLite's write-ahead log", path);
    FOREBAY_TRY_VOID(impl->script("storage.pragmas", "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"));
    return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Result<std::int64_t> Database::run_blocking(const StatementText& statement, std::span<const Value> parameters,
                                            const RowSink& on_row) {
    const Session session(*impl_);
    return impl_->run(statement, parameters, on_row);
}

Result<void> Database::transact_blocking(const std::function<bool(Transaction&)>& work) {
    const Session session(*impl_);
    FOREBAY_TRY_VOID(impl_->run(begin_text, {}, {}));
    // Also for an exception that leaves `work`. Fails only when SQLite has rolled back by itself already.
    struct Rollback {
        sqlite3* handle;
        ~Rollback() {
            if (handle) sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
        }
    } rollback{impl_->handle.get()};
    Transaction transaction(*this);
    if (!work(transaction)) return {};
    FOREBAY_TRY_VOID(impl_->run(commit_text, {}, {}));
    rollback.handle = nullptr;
    return {};
}

Result<void> Database::check_blocking(const StatementText& statement) {
    const Session session(*impl_);
    FOREBAY_TRY_VOID(impl_->prepare(statement));
    return {};
}

const std::string& Database::path() const { return impl_->path; }

void Database::fail_call_for_test(int nth) {
    const Session session(*impl_);
    impl_->fault_in = nth;
    impl_->fault_fired = false;
}

bool Database::fault_fired_for_test() const { return impl_->fault_fired; }

Result<std::int64_t> Transaction::run_blocking(const StatementText& statement, std::span<const Value> parameters,
                                               const RowSink& on_row) {
    return database_.impl_->run(statement, parameters, on_row);
}

Result<void> Transaction::script_blocking(std::string_view name, const std::string& sql) {
    return database_.impl_->script(name, sql);
}

}  // namespace forebay::storage
