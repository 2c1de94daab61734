// Upstreams' answers from hostile bytes: no crash, and no body from nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "net/parsers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace forebay::net;
    ResponseParser parser(4096);
    boost::beast::flat_buffer buffer;
    auto space = buffer.prepare(size);
    std::copy_n(data, size, static_cast<std::uint8_t*>(space.data()));
    buffer.commit(size);
    const bool failed = static_cast<bool>(parser.feed(buffer));
    if (parser.pending().size() > size) std::abort();
    if (!failed && !parser.is_done() && parser.got_some()) {
        ParseError cut;
        parser.put_eof(cut);
    }
    return 0;
}
