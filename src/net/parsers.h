// The two message parsers: Beast's grammar, our storage. Fed from a buffer that the caller fills, so that
// the caller owns reading and its time limits.
//
// Limits   header bytes and body bytes, set before the first byte; above them the parser fails with
//          too_large (body) or with header_limit_reached().
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <string>

#include "base/error.h"
#include "net/http.h"

namespace forebay::net {

namespace http = boost::beast::http;
using ParseError = boost::system::error_code;
using Text = boost::beast::string_view;

class RequestParser final : public http::basic_parser<true> {
public:
    RequestParser(std::uint64_t header_bytes_max, std::uint64_t body_bytes_max);

    // Parses what `buffer` holds and consumes it. Returns an error that names the fault; otherwise look
    // at is_header_done() and is_done().
    ParseError feed(boost::beast::flat_buffer& buffer);
    Request& request() { return request_; }
    int version() const { return version_; }  // 10 or 11

private:
    void on_request_impl(http::verb, Text method, Text target, int, ParseError&) override;
    void on_response_impl(int, Text, int, ParseError&) override {}
    void on_field_impl(http::field, Text name, Text value, ParseError&) override;
    void on_header_impl(ParseError&) override { in_trailer_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>& size, ParseError&) override;
    std::size_t on_body_impl(Text body, ParseError&) override;
    void on_chunk_header_impl(std::uint64_t, Text, ParseError&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, ParseError&) override;
    void on_finish_impl(ParseError&) override {}

    const std::uint64_t header_bytes_max_;
    Request request_;
    int version_ = 11;
    bool in_trailer_ = false;  // fields after the body are not the request's
};

class ResponseParser final : public http::basic_parser<false> {
public:
    explicit ResponseParser(std::uint64_t header_bytes_max);

    ParseError feed(boost::beast::flat_buffer& buffer);
    unsigned status() const { return status_; }
    Headers& headers() { return headers_; }
    // Body bytes parsed and not taken yet.
    std::string& pending() { return pending_; }

private:
    void on_request_impl(http::verb, Text, Text, int, ParseError&) override {}
    void on_response_impl(int code, Text, int, ParseError&) override;
    void on_field_impl(http::field, Text name, Text value, ParseError&) override;
    void on_header_impl(ParseError&) override { in_trailer_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, ParseError&) override {}
    std::size_t on_body_impl(Text body, ParseError&) override;
    void on_chunk_header_impl(std::uint64_t, Text, ParseError&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, ParseError&) override;
    void on_finish_impl(ParseError&) override {}

    const std::uint64_t header_bytes_max_;
    std::uint64_t bytes_ = 0;
    unsigned status_ = 0;
    bool in_trailer_ = false;
    Headers headers_;
    std::string pending_;
};

}  // namespace forebay::net
