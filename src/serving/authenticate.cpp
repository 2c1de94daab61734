#include "serving/authenticate.h"

namespace forebay::serving {
namespace {

constexpr std::chrono::seconds refresh_limit{2};

std::optional<std::string_view> presented_key(const net::Request& request) {
    static constexpr std::string_view scheme = "bearer ";
    if (const auto header = request.headers.find("authorization")) {
        if (header->size() > scheme.size() && net::equal_ignoring_case(header->substr(0, scheme.size()), scheme)) {
            return header->substr(scheme.size());
        }
        return std::nullopt;
    }
    return request.headers.find("x-api-key");
}

}  // namespace

exec::Task<Result<keys::KeyPtr>> authenticate(keys::KeyRing& ring, net::Exchange& exchange) {
    const auto presented = presented_key(exchange.request());
    if (!presented) {
        co_return fail(Code::unauthenticated,
                       "no API key: send it as 'authorization: Bearer KEY' (forebay key create makes one)");
    }
    if (!ring.is_current()) {
        const Deadline soon = Deadline::in(refresh_limit);
        FOREBAY_CO_TRY_VOID(co_await ring.refresh(soon));
    }
    co_return ring.find(*presented);
}

bool is_from_loopback(const net::Request& request) {
    const std::string_view peer = request.peer;
    return peer.starts_with("127.") || peer.starts_with("::1:") || peer.starts_with("::ffff:127.");
}

}  // namespace forebay::serving
