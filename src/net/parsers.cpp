#include "net/parsers.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace forebay::net {
namespace {

// What a sender promises is believed only so far when memory is set aside for it.
constexpr std::uint64_t reserve_bytes_max = 1024 * 1024;

constexpr std::size_t last_chunk_bytes = 5;  // "0\r\n\r\n"

template <class Parser>
ParseError feed_parser(Parser& parser, boost::beast::flat_buffer& buffer) {
    while (buffer.size() > 0 && !parser.is_done()) {
        // A chunked body ends with at least five bytes, and Beast asserts that it sees them together.
        if (parser.is_header_done() && parser.chunked() && buffer.size() < last_chunk_bytes) return {};
        ParseError error;
        const std::size_t used = parser.put(buffer.data(), error);
        buffer.consume(used);
        if (error == http::error::need_more) return {};
        if (error) return error;
        if (used == 0) return {};
    }
    return {};
}

// Beast looks at what is left of a header that trickles in, and lets a chunk's head or a trailer grow: these
// limits hold for all of it. `taken` is what the message has used so far, `held` what waits for more.
template <class Parser>
ParseError check_size(const Parser& parser, std::uint64_t taken, std::uint64_t held, std::uint64_t header_bytes_max) {
    if (parser.is_done()) return {};
    if (!parser.is_header_done() && taken + held > header_bytes_max) return http::error::header_limit;
    if (parser.is_header_done() && held > header_bytes_max) return http::error::bad_chunk_extension;
    return {};
}

}  // namespace

RequestParser::RequestParser(std::uint64_t header_bytes_max, std::uint64_t body_bytes_max)
    : header_bytes_max_(header_bytes_max) {
    header_limit(static_cast<std::uint32_t>(header_bytes_max));
    body_limit(body_bytes_max);
    eager(true);
}

ParseError RequestParser::feed(boost::beast::flat_buffer& buffer) {
    const std::size_t before = buffer.size();
    const ParseError error = feed_parser(*this, buffer);
    request_.wire_bytes += before - buffer.size();
    return error ? error : check_size(*this, request_.wire_bytes, buffer.size(), header_bytes_max_);
}

void RequestParser::on_request_impl(http::verb, Text method, Text whole_target, int version, ParseError&) {
    version_ = version;
    request_.method = method;
    std::string_view target = whole_target;
    // Absolute form, as a proxy's client writes it: keep the path (RFC 9112 section 3.2.2).
    if (const auto scheme = target.find("://"); scheme != std::string_view::npos && !target.starts_with('/')) {
        const auto path = target.find('/', scheme + 3);
        target = path == std::string_view::npos ? "/" : target.substr(path);
    }
    request_.target = target;
}

void RequestParser::on_field_impl(http::field, Text name, Text value, ParseError&) {
    if (!in_trailer_) request_.headers.add(name, value);
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& size, ParseError&) {
    if (size) request_.body.reserve(std::min(*size, reserve_bytes_max));
}

std::size_t RequestParser::on_body_impl(Text body, ParseError&) {
    request_.body += std::string_view(body);
    return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text body, ParseError&) {
    request_.body += std::string_view(body);
    return body.size();
}

ResponseParser::ResponseParser(std::uint64_t header_bytes_max) : header_bytes_max_(header_bytes_max) {
    header_limit(static_cast<std::uint32_t>(header_bytes_max));
    body_limit(boost::none);  // the reader of the response sets its own
    eager(true);
}

ParseError ResponseParser::feed(boost::beast::flat_buffer& buffer) {
    const std::size_t before = buffer.size();
    const ParseError error = feed_parser(*this, buffer);
    bytes_ += before - buffer.size();
    return error ? error : check_size(*this, bytes_, buffer.size(), header_bytes_max_);
}

void ResponseParser::on_response_impl(int code, Text, int, ParseError&) { status_ = static_cast<unsigned>(code); }

void ResponseParser::on_field_impl(http::field, Text name, Text value, ParseError&) {
    if (!in_trailer_) headers_.add(name, value);
}

std::size_t ResponseParser::on_body_impl(Text body, ParseError&) {
    pending_ += std::string_view(body);
    return body.size();
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, Text body, ParseError&) {
    pending_ += std::string_view(body);
    return body.size();
}

}  // namespace forebay::net
