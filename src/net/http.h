// HTTP/1.1 messages as the rest of the project sees them; Beast stays inside net/.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "net/headers.h"

namespace forebay::net {

struct Request {
    std::string method;  // "GET", as sent
    std::string target;  // origin form: "/v1/models?limit=3"
    Headers headers;
    std::string body;
    std::string peer;              // "127.0.0.1:50412"
    std::uint64_t wire_bytes = 0;  // head and body as read

    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

struct Response {
    unsigned status = 200;
    Headers headers;  // without content-length, connection and date, which the server writes
    std::string body;
};

std::string_view reason_phrase(unsigned status);

}  // namespace forebay::net
