// Listen addresses and base URLs: syntax only, nothing is looked up.
//
// Errors   invalid_argument with the end of a sentence ("must be host:port …"). The text itself is never
//          repeated: a URL may carry a password.
#pragma once
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/settings.h"

namespace forebay::config {

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080" or a bare port, which listens on 127.0.0.1. An IPv6
// host is returned without its brackets.
Result<ListenAddress> parse_listen(std::string_view text);
std::string format_listen(const ListenAddress& address);

// http(s)://host[:port][/path] with the scheme in lower case and without trailing slashes.
Result<std::string> parse_base_url(std::string_view text);

}  // namespace forebay::config
