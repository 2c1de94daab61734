// Server-sent events from hostile bytes: no crash, bounded memory, and the same events however the bytes
// are cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/sse.h"

namespace {

constexpr std::size_t event_bytes_max = 1024 * 1024;

std::vector<std::string> events_of(std::string_view bytes, std::size_t step) {
    forebay::net::SseParser parser(event_bytes_max);
    forebay::net::SseParser::Event event;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        if (!parser.feed(bytes.substr(at, step))) return out;
        while (parser.next(event)) out.push_back(event.name + '\n' + event.data);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = events_of(bytes, size == 0 ? 1 : size);
    if (whole != events_of(bytes, 1)) std::abort();
    if (whole != events_of(bytes, 7)) std::abort();
    return 0;
}
