#include "journal/format.h"

#include <bit>
#include <cstring>

#include "base/hash.h"

namespace forebay::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "segments are little-endian and copied as they are");

// The checksum comes first, so that all it covers is contiguous behind it.
constexpr std::size_t record_checksum_bytes = 8;

template <class T>
void append(std::string& out, T number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.append(bytes, sizeof number);
}

template <class T>
T take(std::string_view& bytes) {
    T number;
    std::memcpy(&number, bytes.data(), sizeof number);
    bytes.remove_prefix(sizeof number);
    return number;
}

}  // namespace

void append_file_header(std::string& out, const FileHeader& header) {
    const std::size_t start = out.size();
    out += segment_magic;
    append(out, header.version);
    append(out, std::uint32_t{0});
    append(out, header.first);
    append(out, header.created_micros);
    append(out, checksum(std::string_view(out).substr(start)));
}

std::optional<FileHeader> parse_file_header(std::string_view bytes) {
    if (bytes.size() < file_header_bytes || !bytes.starts_with(segment_magic)) return std::nullopt;
    const std::uint64_t computed = checksum(bytes.substr(0, file_header_bytes - sizeof(std::uint64_t)));
    bytes.remove_prefix(segment_magic.size());
    FileHeader header;
    header.version = take<std::uint32_t>(bytes);
    take<std::uint32_t>(bytes);
    header.first = take<std::uint64_t>(bytes);
    header.created_micros = take<std::int64_t>(bytes);
    if (take<std::uint64_t>(bytes) != computed) return std::nullopt;
    return header;
}

void append_record(std::string& out, std::uint64_t sequence, std::string_view payload) {
    const std::size_t start = out.size();
    append(out, std::uint64_t{0});
    append(out, static_cast<std::uint32_t>(payload.size()));
    append(out, std::uint32_t{0});
    append(out, sequence);
    out += payload;
    const std::uint64_t computed = checksum(std::string_view(out).substr(start + record_checksum_bytes));
    std::memcpy(out.data() + start, &computed, sizeof computed);
}

RecordHeader parse_record_header(std::string_view bytes) {
    RecordHeader header;
    header.checksum = take<std::uint64_t>(bytes);
    header.payload_bytes = take<std::uint32_t>(bytes);
    header.flags = take<std::uint32_t>(bytes);
    header.sequence = take<std::uint64_t>(bytes);
    return header;
}

bool checksum_fits(std::string_view record) {
    return parse_record_header(record).checksum == checksum(record.substr(record_checksum_bytes));
}

}  // namespace forebay::journal
