#include "storage/sqlite_errors.h"

#include <cstring>

namespace forebay::storage {

std::unexpected<Error> sqlite_failure(sqlite3* handle, int code, std::string_view what, const std::string& path) {
    const std::string_view said = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fail(Code::unavailable, "{} is locked by another program for too long ({})", path, what);
        case SQLITE_FULL: return fail(Code::unavailable, "no space is left on the disk for {} ({})", path, what);
        case SQLITE_IOERR: {
            const int reason = handle ? sqlite3_system_errno(handle) : 0;
            return fail(Code::unavailable, "the disk failed for {} ({}): {}", path, what,
                        reason != 0 ? std::string_view(std::strerror(reason)) : said);
        }
        case SQLITE_CANTOPEN: {
            const int reason = handle ? sqlite3_system_errno(handle) : 0;
            return fail(Code::unavailable, "cannot open {}: {}", path,
                        reason != 0 ? std::string_view(std::strerror(reason)) : said);
        }
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH: return fail(Code::unavailable, "{} cannot be written: {} ({})", path, said, what);
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT: return fail(Code::unavailable, "{} is damaged or is not a database ({})", path, what);
        case SQLITE_CONSTRAINT:
            if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                code == SQLITE_CONSTRAINT_FOREIGNKEY)
                return fail(Code::conflict, "{}: {}", what, said);
            return fail(Code::internal, "{}: {}", what, said);
        default: return fail(Code::internal, "{}: {} (SQLite code {})", what, said, code);
    }
}

}  // namespace forebay::storage
