#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace forebay {

std::string_view name_of(Code code) {
    switch (code) {
        case Code::invalid_argument: return "invalid_argument";
        case Code::unauthenticated: return "unauthenticated";
        case Code::permission_denied: return "permission_denied";
        case Code::not_found: return "not_found";
        case Code::conflict: return "conflict";
        case Code::too_large: return "too_large";
        case Code::resource_exhausted: return "resource_exhausted";
        case Code::deadline_exceeded: return "deadline_exceeded";
        case Code::unavailable: return "unavailable";
        case Code::bad_upstream: return "bad_upstream";
        case Code::cancelled: return "cancelled";
        case Code::internal: return "internal";
    }
    return "internal";
}

void check_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, expression);
    std::abort();
}

}  // namespace forebay
