// Any bytes as a segment: scanning ends, gives records that lie inside, and a whole record stays whole.
#include <cstddef>
#include <cstdint>
#include <span>

#include "journal/segment_scanner.h"

namespace {

using forebay::journal::ScanItem;

void scan(std::span<const char> memory, std::uint64_t first) {
    forebay::journal::SegmentBytes bytes(memory);
    forebay::journal::SegmentScanner scanner(bytes, first);
    std::uint64_t reached = 0;
    for (;;) {
        const auto item = scanner.next_blocking();
        if (!item) return;  // a newer version
        FOREBAY_CHECK(item->offset >= reached && item->offset + item->bytes <= memory.size());
        reached = item->offset + item->bytes;
        if (item->kind == ScanItem::Kind::end) break;
        if (item->kind == ScanItem::Kind::record) {
            FOREBAY_CHECK(item->payload.size() + forebay::journal::record_header_bytes == item->bytes);
            FOREBAY_CHECK(item->sequence >= first);
        } else {
            FOREBAY_CHECK(!item->what.empty());
        }
    }
    FOREBAY_CHECK(reached == memory.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span memory(reinterpret_cast<const char*>(data), size);
    const auto header = forebay::journal::parse_file_header({memory.data(), memory.size()});
    const bool usable = header && header->first >= 1 && header->first <= forebay::journal::sequence_max;
    scan(memory, usable ? header->first : 1);

    // Random bytes hardly ever have a right checksum; here the input is the payload and what follows it.
    std::string made;
    forebay::journal::append_file_header(made, {.first = 7});
    forebay::journal::append_record(made, 7, {memory.data(), memory.size() / 2});
    const std::size_t whole = made.size();
    made.append(memory.data() + memory.size() / 2, memory.size() - memory.size() / 2);
    forebay::journal::SegmentBytes bytes(made);
    forebay::journal::SegmentScanner scanner(bytes, 7);
    const auto item = scanner.next_blocking();
    FOREBAY_CHECK(item && item->kind == ScanItem::Kind::record && item->offset + item->bytes == whole);
    scan(made, 7);
    return 0;
}
