#include "net/response_head.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace forebay::net {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), made once a second per thread.
std::string_view http_date() {
    static thread_local std::time_t made_for = 0;
    static thread_local std::array<char, 40> text{};
    static thread_local std::size_t size = 0;
    const std::time_t now = std::time(nullptr);
    if (now != made_for) {
        std::tm utc{};
        gmtime_r(&now, &utc);
        size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
        made_for = now;
    }
    return {text.data(), size};
}

void write_common(std::string& out, const Response& response, bool keep_alive) {
    out.clear();
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\ndate: ", response.status,
                   reason_phrase(response.status));
    out += http_date();
    out += "\r\n";
    for (std::size_t i = 0; i < response.headers.size(); ++i) {
        out += response.headers.name(i);
        out += ": ";
        out += response.headers.value(i);
        out += "\r\n";
    }
    if (!keep_alive) out += "connection: close\r\n";
}

}  // namespace

std::string_view reason_phrase(unsigned status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 204: return "No Content";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 413: return "Content Too Large";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 499: return "Client Closed Request";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        default: return "Status";
    }
}

void write_head(std::string& out, const Response& response, bool keep_alive, std::size_t body_bytes) {
    write_common(out, response, keep_alive);
    fmt::format_to(std::back_inserter(out), "content-length: {}\r\n\r\n", body_bytes);
}

void write_stream_head(std::string& out, const Response& response, bool keep_alive, bool chunked) {
    write_common(out, response, keep_alive);
    out += chunked ? "transfer-encoding: chunked\r\n\r\n" : "\r\n";
}

}  // namespace forebay::net
