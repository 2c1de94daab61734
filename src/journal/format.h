// The segment file format, version 1: FORMAT.md. Encoding and decoding of its two headers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace forebay::journal {

inline constexpr std::string_view segment_magic = "FBAYJRNL";
inline constexpr std::uint32_t segment_version = 1;
inline constexpr std::size_t file_header_bytes = 40;
inline constexpr std::size_t record_header_bytes = 24;
inline constexpr std::uint32_t payload_bytes_max = 64u * 1024 * 1024;
// Numbers start at 1. Nobody writes so many; it keeps counting from wrapping round on a damaged number.
inline constexpr std::uint64_t sequence_max = INT64_MAX;

struct FileHeader {
    std::uint32_t version = segment_version;
    std::uint64_t first = 1;  // sequence of the segment's first record
    std::int64_t created_micros = 0;
};
void append_file_header(std::string& out, const FileHeader& header);
// None when the magic or the checksum is wrong or `bytes` is too short.
std::optional<FileHeader> parse_file_header(std::string_view bytes);

struct RecordHeader {
    std::uint64_t checksum = 0;
    std::uint32_t payload_bytes = 0;
    std::uint32_t flags = 0;  // 0 in version 1
    std::uint64_t sequence = 0;

    std::uint64_t record_bytes() const { return record_header_bytes + std::uint64_t{payload_bytes}; }
};
// Appends header and payload.
void append_record(std::string& out, std::uint64_t sequence, std::string_view payload);
// `bytes` holds at least record_header_bytes. Says nothing about whether the header makes sense.
RecordHeader parse_record_header(std::string_view bytes);
// `record` is a whole record, header and payload.
bool checksum_fits(std::string_view record);

}  // namespace forebay::journal
