// What SQLite's result codes mean to a caller.
#pragma once
#include <sqlite3.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::storage {

// `code` is an extended result code, `what` the statement's name or the step. The sentence names the file
// and never a value.
std::unexpected<Error> sqlite_failure(sqlite3* handle, int code, std::string_view what, const std::string& path);

}  // namespace forebay::storage
