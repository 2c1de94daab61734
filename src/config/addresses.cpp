#include "config/addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace forebay::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || !std::ranges::all_of(text, is_digit)) return {};
    return port;
}

bool is_name_character(char c) { return is_digit(c) || is_letter(c) || c == '.' || c == '-' || c == '_'; }

// "%eth0" at the end names an interface, for link-local addresses.
bool is_ipv6(std::string_view host) {
    const auto percent = host.find('%');
    if (percent != std::string_view::npos) {
        const auto zone = host.substr(percent + 1);
        if (zone.empty() || !std::ranges::all_of(zone, is_name_character)) return false;
        host = host.substr(0, percent);
    }
    if (host.find('\0') != std::string_view::npos) return false;
    in6_addr address{};
    return inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1;
}

// A host name, or an IPv4 address when it is made of digits and dots alone.
bool is_host(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    if (std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; })) {
        in_addr address{};
        return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
    }
    return std::ranges::all_of(host, is_name_character) && (is_letter(host.front()) || is_digit(host.front()));
}

struct HostPort {
    std::string_view host;
    bool bracketed = false;
    std::optional<std::string_view> port;  // what follows the ':'
};

std::optional<HostPort> split_host_port(std::string_view text) {
    HostPort out;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return {};
        out.host = text.substr(1, close - 1);
        out.bracketed = true;
        text.remove_prefix(close + 1);
    } else {
        out.host = text.substr(0, text.find(':'));
        text.remove_prefix(out.host.size());
    }
    if (text.empty()) return out;
    if (text.front() != ':') return {};
    out.port = text.substr(1);
    return out;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::unexpected<Error> bad_listen(std::string_view why) {
    return fail(Code::invalid_argument, "{}: write host:port, such as 127.0.0.1:8080 or [::1]:8080", why);
}

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
    ListenAddress out;
    if (!text.empty() && std::ranges::all_of(text, is_digit)) {
        const auto port = parse_port(text);
        if (!port) return fail(Code::invalid_argument, "must have a port from 0 to 65535");
        out.port = *port;
        return out;
    }
    if (is_ipv6(text)) return bad_listen("must have an IPv6 address in brackets");
    const auto parts = split_host_port(text);
    if (!parts) return bad_listen("is not an address");
    if (parts->host.empty()) return bad_listen("has no host (0.0.0.0 or [::] is every interface)");
    if (parts->bracketed ? !is_ipv6(parts->host) : !is_host(parts->host)) return bad_listen("has no valid host");
    if (!parts->port) return bad_listen("has no port");
    const auto port = parse_port(*parts->port);
    if (!port) return fail(Code::invalid_argument, "must have a port from 0 to 65535");
    out.host = std::string(parts->host);
    out.port = *port;
    return out;
}

std::string format_listen(const ListenAddress& address) {
    const bool ipv6 = address.host.find(':') != std::string::npos;
    return ipv6 ? fmt::format("[{}]:{}", address.host, address.port) : fmt::format("{}:{}", address.host, address.port);
}

Result<std::string> parse_base_url(std::string_view text) {
    const auto separator = text.find("://");
    if (separator == std::string_view::npos) {
        return fail(Code::invalid_argument,
                    "must be a URL such as https://host/v1: 'https://' or 'http://' is missing");
    }
    const auto scheme = lower_case(text.substr(0, separator));
    if (scheme != "http" && scheme != "https")
        return fail(Code::invalid_argument, "must begin with https:// or http://");
    const auto rest = text.substr(separator + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    auto path = rest.substr(authority.size());
    if (authority.find('@') != std::string_view::npos) {
        return fail(Code::invalid_argument, "must not hold a user or a password: put the credential in api_key");
    }
    const auto parts = split_host_port(authority);
    const bool has_zone = authority.find('%') != std::string_view::npos;
    if (!parts || has_zone || (parts->bracketed ? !is_ipv6(parts->host) : !is_host(parts->host))) {
        return fail(Code::invalid_argument, "has no valid host after '{}://'", scheme);
    }
    if (parts->port) {
        const auto port = parse_port(*parts->port);
        if (!port || *port == 0) return fail(Code::invalid_argument, "must have a port from 1 to 65535 after its host");
    }
    if (path.find_first_of("?#") != std::string_view::npos) {
        return fail(Code::invalid_argument, "must end with its path: no '?' or '#'");
    }
    if (!std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>'; })) {
        return fail(Code::invalid_argument, "must have a path of plain ASCII characters: write others as %XX");
    }
    while (path.ends_with('/')) path.remove_suffix(1);
    return fmt::format("{}://{}{}", scheme, authority, path);
}

}  // namespace forebay::config
