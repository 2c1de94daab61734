#include "runtime/error_response.h"

#include "openai/error_object.h"

namespace forebay::runtime {

net::Response error_response(const Error& error) {
    const auto shape = openai::shape_of(error);
    net::Response response;
    response.status = shape.status;
    response.headers.add("content-type", "application/json");
    response.headers.add("x-should-retry", shape.retry ? "true" : "false");
    if (shape.status == 503) response.headers.add("retry-after", "1");
    if (shape.status == 401) response.headers.add("www-authenticate", "Bearer");
    response.body = openai::error_body(error);
    return response;
}

net::Response refusal_response(unsigned status, std::string_view message) {
    const auto shape = openai::shape_of_status(status);
    net::Response response;
    response.status = status;
    response.headers.add("content-type", "application/json");
    response.body = openai::error_body(message, shape.type, "", shape.code);
    return response;
}

}  // namespace forebay::runtime
