#include "net/url.h"

#include <algorithm>
#include <charconv>

namespace forebay::net {

std::string Url::authority() const {
    const bool bracketed = host.contains(':');
    const std::string name = bracketed ? "[" + host + "]" : host;
    return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

Result<Url> parse_url(std::string_view text) {
    Url url;
    if (text.starts_with("https://")) {
        url.tls = true;
        url.port = 443;
        text.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        text.remove_prefix(7);
    } else {
        return fail(Code::invalid_argument, "a URL starts with http:// or https://");
    }
    const auto slash = std::min(text.find('/'), text.size());
    std::string_view authority = text.substr(0, slash);
    url.path = text.substr(slash);
    while (url.path.ends_with('/')) url.path.pop_back();
    if (url.path.find_first_of("?# \r\n\t") != std::string::npos) {
        return fail(Code::invalid_argument, "the URL of an upstream has no query, fragment or blank");
    }
    if (authority.contains('@')) return fail(Code::invalid_argument, "a URL with a user name in it is not accepted");
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos)
            return fail(Code::invalid_argument, "the URL's IPv6 address lacks its ']'");
        url.host = authority.substr(1, close - 1);
        authority.remove_prefix(close + 1);
        if (authority.starts_with(':')) port = authority.substr(1);
    } else {
        const auto colon = std::min(authority.find(':'), authority.size());
        url.host = authority.substr(0, colon);
        if (colon < authority.size()) port = authority.substr(colon + 1);
    }
    if (url.host.empty() || url.host.find_first_of(" \t\r\n") != std::string::npos) {
        return fail(Code::invalid_argument, "the URL names no host");
    }
    if (!port.empty()) {
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
            return fail(Code::invalid_argument, "the URL's port is not a number from 1 to 65535");
        }
    }
    return url;
}

}  // namespace forebay::net
