#include "journal/segment_scanner.h"

#include <utility>

namespace forebay::journal {
namespace {

std::string numbers(std::uint64_t first, std::uint64_t count) {
    if (count == 1) return fmt::format("record {}", first);
    return fmt::format("records {} to {}", first, first + count - 1);
}

ScanItem damage(std::uint64_t offset, std::uint64_t bytes, std::uint64_t sequence, std::uint64_t lost,
                std::string what) {
    ScanItem item;
    item.kind = ScanItem::Kind::damage;
    item.offset = offset;
    item.bytes = bytes;
    item.sequence = sequence;
    item.lost = lost;
    item.what = std::move(what);
    return item;
}

}  // namespace

Result<ScanItem> SegmentScanner::next_blocking() {
    if (offset_ == 0) {
        FOREBAY_TRY(auto item, read_file_header_blocking());
        // Only damage and a file without a whole header are items of their own.
        if (item.kind == ScanItem::Kind::damage || offset_ == 0) return item;
    }
    FOREBAY_TRY(const Look look, look_again_blocking());
    if (look.shape == Shape::whole) return accept(look);
    if (offset_ < bytes_.size()) return skip_blocking(look);
    ScanItem end;
    end.offset = offset_;
    return end;
}

Result<ScanItem> SegmentScanner::read_file_header_blocking() {
    if (bytes_.size() < file_header_bytes) bytes_.refresh_blocking();
    FOREBAY_TRY(const auto raw, bytes_.view(0, file_header_bytes));
    ScanItem item;
    if (raw.size() < file_header_bytes) {
        item.bytes = bytes_.size();
        return item;
    }
    offset_ = file_header_bytes;
    const auto header = parse_file_header(raw);
    if (!header) return damage(0, file_header_bytes, expected_, 0, "the file header is damaged");
    if (header->version != segment_version)
        return fail(Code::conflict, "a journal segment of format version {} needs a newer Forebay; this one reads {}",
                    header->version, segment_version);
    if (header->first != first_)
        return damage(
            0, file_header_bytes, expected_, 0,
            fmt::format("the file header says that it starts with record {}, its name {}", header->first, first_));
    return item;
}

Result<SegmentScanner::Look> SegmentScanner::look_blocking(std::uint64_t offset) {
    Look look;
    FOREBAY_TRY(const auto head, bytes_.view(offset, record_header_bytes));
    if (head.size() < record_header_bytes) return look;
    look.header = parse_record_header(head);
    if (look.header.payload_bytes > payload_bytes_max || look.header.sequence > sequence_max) {
        look.shape = Shape::foreign;
        return look;
    }
    if (offset + look.header.record_bytes() > bytes_.size()) return look;
    FOREBAY_TRY(look.record, bytes_.view(offset, look.header.record_bytes()));
    if (look.record.size() < look.header.record_bytes()) return look;
    look.shape = checksum_fits(look.record) ? Shape::whole : Shape::wrong_checksum;
    return look;
}

// The record at the current place. What looks broken may have been read while its writer was at it, so it is
// read once more.
Result<SegmentScanner::Look> SegmentScanner::look_again_blocking() {
    FOREBAY_TRY(auto look, look_blocking(offset_));
    if (look.shape == Shape::whole || !bytes_.refresh_blocking()) return look;
    return look_blocking(offset_);
}

ScanItem SegmentScanner::accept(const Look& look) {
    const std::uint64_t sequence = look.header.sequence;
    if (sequence > expected_) {
        const std::uint64_t missing = std::exchange(expected_, sequence);
        return damage(offset_, 0, missing, sequence - missing,
                      fmt::format("sequence jumps from {} to {}", missing - 1, sequence));
    }
    const std::uint64_t at = std::exchange(offset_, offset_ + look.record.size());
    if (sequence < expected_)
        return damage(at, look.record.size(), sequence, 0,
                      fmt::format("sequence falls back from {} to {}", expected_ - 1, sequence));
    ++expected_;
    if (look.header.flags != 0)
        return damage(
            at, look.record.size(), sequence, 1,
            fmt::format("record {} has flags {:#x}, which this version cannot read", sequence, look.header.flags));
    ScanItem item;
    item.kind = ScanItem::Kind::record;
    item.offset = at;
    item.bytes = look.record.size();
    item.sequence = sequence;
    item.payload = look.record.substr(record_header_bytes);
    return item;
}

Result<ScanItem> SegmentScanner::skip_blocking(const Look& look) {
    const std::uint64_t at = offset_;
    const bool in_full_length = look.shape == Shape::wrong_checksum && look.header.sequence == expected_;
    const std::string_view why = in_full_length ? "checksum differs" : "not a record";
    FOREBAY_TRY(const std::uint64_t found, find_blocking(offset_ + 1));
    if (found != 0) {
        offset_ = found;
        FOREBAY_TRY(const auto head, bytes_.view(found, record_header_bytes));
        const std::uint64_t sequence = parse_record_header(head).sequence;
        const std::uint64_t missing = std::exchange(expected_, sequence);
        const std::uint64_t lost = sequence - missing;
        return damage(at, found - at, missing, lost,
                      lost == 0 ? fmt::format("{}; {} bytes too many", why, found - at)
                                : fmt::format("{}; {} cannot be read", why, numbers(missing, lost)));
    }
    if (in_full_length) {
        offset_ += look.header.record_bytes();
        return damage(at, offset_ - at, expected_++, 1,
                      fmt::format("{}; {} cannot be read", why, numbers(look.header.sequence, 1)));
    }
    ScanItem end;
    end.offset = at;
    end.bytes = bytes_.size() - at;
    return end;
}

// Where the next whole record starts whose number can follow; 0: nowhere.
Result<std::uint64_t> SegmentScanner::find_blocking(std::uint64_t from) {
    const std::uint64_t end = bytes_.size();
    const std::uint64_t numbers_max = (end - offset_) / record_header_bytes;
    for (std::uint64_t at = from; at + record_header_bytes <= end; ++at) {
        FOREBAY_TRY(const auto head, bytes_.view(at, record_header_bytes));
        if (head.size() < record_header_bytes) break;
        const auto header = parse_record_header(head);
        if (header.sequence < expected_ || header.sequence - expected_ > numbers_max) continue;
        FOREBAY_TRY(const Look look, look_blocking(at));
        if (look.shape == Shape::whole) return at;
    }
    return 0;
}

}  // namespace forebay::journal
