// URLs of upstreams: scheme, host, port and path prefix. No user information, query or fragment.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::net {

struct Url {
    bool tls = false;
    std::string host;  // without the brackets of an IPv6 address
    std::uint16_t port = 80;
    std::string path;  // "" or "/v1", never with a slash at its end

    // The Host header's value: the port only when it is not the scheme's own.
    std::string authority() const;
};

// invalid_argument names what is wrong.
Result<Url> parse_url(std::string_view text);

}  // namespace forebay::net
