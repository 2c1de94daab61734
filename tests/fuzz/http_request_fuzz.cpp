// HTTP requests from hostile bytes, fed whole and byte by byte: no crash, limits hold, and the cut makes
// no difference.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/parsers.h"

namespace {

constexpr std::uint64_t header_bytes_max = 4096;
constexpr std::uint64_t body_bytes_max = 8192;

struct Seen {
    bool done = false, failed = false;
    std::string method, target, body;
};

Seen parse(const std::uint8_t* data, std::size_t size, std::size_t step) {
    using namespace forebay::net;
    RequestParser parser(header_bytes_max, body_bytes_max);
    boost::beast::flat_buffer buffer;
    Seen seen;
    for (std::size_t at = 0; at < size && !seen.done && !seen.failed; at += step) {
        const std::size_t piece = std::min(step, size - at);
        auto space = buffer.prepare(piece);
        std::copy_n(data + at, piece, static_cast<std::uint8_t*>(space.data()));
        buffer.commit(piece);
        seen.failed = static_cast<bool>(parser.feed(buffer));
        seen.done = !seen.failed && parser.is_done();
    }
    if (parser.request().body.size() > body_bytes_max) std::abort();
    if (seen.done) {
        seen.method = parser.request().method;
        seen.target = parser.request().target;
        seen.body = parser.request().body;
        if (seen.method.find_first_of(" \r\n") != std::string::npos) std::abort();
        if (seen.target.find_first_of(" \r\n") != std::string::npos) std::abort();
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Seen whole = parse(data, size, size == 0 ? 1 : size);
    const Seen bytes = parse(data, size, 1);
    if (whole.done && bytes.done &&
        (whole.method != bytes.method || whole.target != bytes.target || whole.body != bytes.body)) {
        std::abort();
    }
    return 0;
}
