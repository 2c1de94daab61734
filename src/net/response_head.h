// Writing the head of an answer: status line, headers, framing, date.
#pragma once
#include <string>

#include "net/http.h"

namespace forebay::net {

// Replaces `out` by the head of an answer whose body has `body_bytes` bytes.
void write_head(std::string& out, const Response& response, bool keep_alive, std::size_t body_bytes);
// The same for a body in chunks, or (`chunked` false) one that ends with the connection.
void write_stream_head(std::string& out, const Response& response, bool keep_alive, bool chunked);

}  // namespace forebay::net
