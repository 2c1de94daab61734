// Errors and results: one Result type for the whole project.
//
// Floor    0. No Boost here: engine/ builds alone on a machine without it.
// Use      return fail(Code::not_found, "no model '{}'", name); and FOREBAY_TRY to pass one on.
#pragma once
#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace forebay {

// What the caller should do next. The list is closed: a new code needs a row in
// gateway/error_table.cpp.
enum class Code {
    invalid_argument,    // fix the request; retrying is useless
    unauthenticated,     // no key, or not a valid one
    permission_denied,   // a valid key that may not do this
    not_found,           // no such thing, or not visible to this caller
    conflict,            // re-read, then decide again
    too_large,           // over a size limit; send less
    resource_exhausted,  // over quota or queue full; retry after a pause
    deadline_exceeded,   // ran out of time; the effect is unknown
    unavailable,         // a dependency is down; retrying may help
    bad_upstream,        // a dependency answered with something unusable
    cancelled,           // the caller went away
    internal,            // a bug here; already logged and counted
};

std::string_view name_of(Code code);

struct Error {
    Code code = Code::internal;
    std::string message;  // one sentence for the person who made the call
    std::string param;    // the request field at fault, as a path such as "messages[0].role"; may be empty
};

template <class T>
using Result = std::expected<T, Error>;

// An Error with a formatted message, ready to return from any function that returns a Result.
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Code code, fmt::format_string<Args...> text, Args&&... args) {
    return std::unexpected(Error{code, fmt::format(text, std::forward<Args>(args)...), {}});
}

// The same for one field of a request.
[[nodiscard]] inline std::unexpected<Error> fail_field(std::string param, std::string message) {
    return std::unexpected(Error{Code::invalid_argument, std::move(message), std::move(param)});
}

// Aborts with the place and the text: for what cannot happen. Outside input must never reach it.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace forebay

#define FOREBAY_CHECK(expression) ((expression) ? void(0) : ::forebay::check_failed(#expression, __FILE__, __LINE__))

#define FOREBAY_CAT_(a, b) a##b
#define FOREBAY_CAT(a, b) FOREBAY_CAT_(a, b)
#define FOREBAY_TRY_(ret, tmp, decl, expr)                 \
    auto tmp = (expr);                                     \
    if (!tmp) ret std::unexpected(std::move(tmp).error()); \
    decl = *std::move(tmp)
#define FOREBAY_CHECKED_(ret, tmp, expr) \
    if (auto tmp = (expr); !tmp) ret std::unexpected(std::move(tmp).error())

// FOREBAY_TRY(auto x, f()); returns f's error, or declares x from its value.
#define FOREBAY_TRY(decl, expr) FOREBAY_TRY_(return, FOREBAY_CAT(try_, __LINE__), decl, expr)
#define FOREBAY_CO_TRY(decl, expr) FOREBAY_TRY_(co_return, FOREBAY_CAT(try_, __LINE__), decl, expr)
// The same for a Result<void>.
#define FOREBAY_TRY_VOID(expr) FOREBAY_CHECKED_(return, FOREBAY_CAT(try_, __LINE__), expr)
#define FOREBAY_CO_TRY_VOID(expr) FOREBAY_CHECKED_(co_return, FOREBAY_CAT(try_, __LINE__), expr)
