#include "journal/reader.h"

#include "journal/segment_scanner.h"
#include "journal/segments.h"

namespace forebay::journal {
namespace {

std::unexpected<Error> missing(const SegmentFile& segment, std::uint64_t first) {
    return fail(Code::internal, "the journal is damaged: records {} to {} before {} are missing", first,
                segment.first - 1, segment.name);
}

std::unexpected<Error> damaged(const SegmentFile& segment, const ScanItem& item) {
    return fail(Code::internal, "the journal is damaged: {} at byte {}: {}", segment.name, item.offset, item.what);
}

void fill(Record& record, const SegmentFile& segment, const ScanItem& item) {
    record.sequence = item.sequence;
    record.segment = segment.name;
    record.offset = item.offset;
    record.payload = item.payload;
}

// Reads segments in order and remembers which number has to come next.
class ForwardReading {
public:
    ForwardReading(const std::string& folder, std::uint64_t first, const std::function<bool(const Record&)>& visit)
        : folder_(folder), from_(first), visit_(visit) {}

    // Whether to go on.
    Result<bool> read_blocking(const SegmentFile& segment) {
        auto bytes = SegmentBytes::open_blocking(folder_ + "/" + segment.name);
        if (!bytes && bytes.error().code == Code::not_found) {  // removed by retention
            next_ = 0;
            return true;
        }
        if (!bytes) return std::unexpected(std::move(bytes).error());
        if (next_ != 0 && segment.first > next_ && segment.first > from_) return missing(segment, next_);
        SegmentScanner scanner(*bytes, segment.first);
        for (;;) {
            FOREBAY_TRY(const auto item, scanner.next_blocking());
            next_ = scanner.expected();
            if (item.kind == ScanItem::Kind::end) return true;
            if (item.kind == ScanItem::Kind::damage) {
                if (item.lost > 0 && item.sequence + item.lost > from_) return damaged(segment, item);
                continue;
            }
            if (item.sequence < from_) continue;
            from_ = item.sequence + 1;
            fill(record_, segment, item);
            if (!visit_(record_)) return false;
        }
    }

    // Whether a segment that starts with `first` follows what was read.
    bool is_followed_by(std::uint64_t first) const { return next_ == 0 || next_ == first; }

private:
    const std::string& folder_;
    std::uint64_t from_;  // the next record to visit, or a later one
    const std::function<bool(const Record&)>& visit_;
    std::uint64_t next_ = 0;
    Record record_;
};

// A record or a damage, without its payload.
struct Entry {
    ScanItem item;
    bool is_record = false;
};

Result<bool> visit_backward(SegmentBytes& bytes, const SegmentFile& segment, const std::vector<Entry>& entries,
                            const std::function<bool(const Record&)>& visit) {
    Record record;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        if (!entry->is_record) return damaged(segment, entry->item);
        ScanItem item = entry->item;
        FOREBAY_TRY(const auto raw, bytes.view(item.offset, item.bytes));
        if (raw.size() < item.bytes || !checksum_fits(raw)) {
            item.what = "the record changed while it was read";
            return damaged(segment, item);
        }
        item.payload = raw.substr(record_header_bytes);
        fill(record, segment, item);
        if (!visit(record)) return false;
    }
    return true;
}

// One pass forward for the places, one backward for the records. `next` is the number that has to follow this
// segment's last (0: unknown); it becomes this segment's first.
Result<bool> read_backward(const std::string& folder, const SegmentFile& segment, std::uint64_t& next,
                           const std::function<bool(const Record&)>& visit) {
    FOREBAY_TRY(auto bytes, SegmentBytes::open_blocking(folder + "/" + segment.name));
    SegmentScanner scanner(bytes, segment.first);
    std::vector<Entry> entries;
    for (;;) {
        FOREBAY_TRY(auto item, scanner.next_blocking());
        if (item.kind == ScanItem::Kind::end) break;
        const bool is_record = item.kind == ScanItem::Kind::record;
        item.payload = {};
        if (is_record || item.lost > 0) entries.push_back({std::move(item), is_record});
    }
    if (next != 0 && scanner.expected() < next)
        return fail(Code::internal, "the journal is damaged: records {} to {} after {} are missing", scanner.expected(),
                    next - 1, segment.name);
    next = segment.first;
    return visit_backward(bytes, segment, entries, visit);
}

}  // namespace

Result<void> read_forward_blocking(const std::string& folder, std::uint64_t first,
                                   const std::function<bool(const Record&)>& visit) {
    ForwardReading reading(folder, first, visit);
    // Listed again after the last segment: a live writer may have begun another one meanwhile.
    std::uint64_t done = 0;
    for (;;) {
        FOREBAY_TRY(const auto segments, list_segments_blocking(folder));
        std::size_t at = 0;
        while (at < segments.size() && segments[at].first <= done) ++at;
        if (at == segments.size()) return {};
        // The former last segment may have grown before that. It is complete now.
        if (at > 0 && segments[at - 1].first == done && !reading.is_followed_by(segments[at].first)) --at;
        // All before the segment that holds `first` can be left out.
        while (at + 1 < segments.size() && segments[at + 1].first <= first) ++at;
        for (; at < segments.size(); ++at) {
            FOREBAY_TRY(const bool more, reading.read_blocking(segments[at]));
            if (!more) return {};
            done = segments[at].first;
        }
    }
}

Result<void> read_backward_blocking(const std::string& folder, const std::function<bool(const Record&)>& visit) {
    FOREBAY_TRY(const auto segments, list_segments_blocking(folder));
    std::uint64_t next = 0;
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        auto more = read_backward(folder, *segment, next, visit);
        // Retention works from the oldest on, so nothing older is left either.
        if (!more && more.error().code == Code::not_found) return {};
        if (!more) return std::unexpected(std::move(more).error());
        if (!*more) return {};
    }
    return {};
}

}  // namespace forebay::journal
