#include "journal/reader.h"
#include "journal/segment_scanner.h"
#include "journal/segments.h"

namespace forebay::journal {
namespace {

using Progress = std::function<void(std::uint64_t done, std::uint64_t all)>;

constexpr std::uint64_t progress_step_bytes = 1024 * 1024;

class Check {
public:
    Check(const std::string& folder, std::uint64_t all, const Progress& progress)
        : folder_(folder), all_(all), progress_(progress) {}

    Result<void> check_blocking(const SegmentFile& segment, bool is_last) {
        auto opened = SegmentBytes::open_blocking(folder_ + "/" + segment.name);
        if (!opened && opened.error().code == Code::not_found) {  // removed by retention
            next_ = 0;
            return {};
        }
        FOREBAY_TRY(auto bytes, std::move(opened));
        ++found_.segments;
        if (next_ != 0 && segment.first != next_) report_gap(segment);
        SegmentScanner scanner(bytes, segment.first);
        for (;;) {
            FOREBAY_TRY(auto item, scanner.next_blocking());
            if (item.kind == ScanItem::Kind::end) {
                finish(segment, item, is_last);
                next_ = scanner.expected();
                return {};
            }
            if (item.kind == ScanItem::Kind::record) {
                ++found_.records;
            } else {
                found_.damages.push_back({segment.name, item.offset, std::move(item.what)});
            }
            advance(item.offset + item.bytes);
        }
    }

    Verification take() {
        if (progress_) progress_(found_.bytes, std::max(all_, found_.bytes));
        return std::move(found_);
    }

private:
    void report_gap(const SegmentFile& segment) {
        found_.damages.push_back(
            {segment.name, 0,
             segment.first > next_
                 ? fmt::format("records {} to {} are missing before it", next_, segment.first - 1)
                 : fmt::format("it starts with record {}, which the one before has already", segment.first)});
    }

    void finish(const SegmentFile& segment, const ScanItem& end, bool is_last) {
        found_.bytes += end.offset + end.bytes;
        reported_ = found_.bytes;
        if (end.bytes == 0) return;
        if (is_last) {
            found_.torn_tail_bytes = end.bytes;
        } else {
            found_.damages.push_back({segment.name, end.offset, fmt::format("torn tail of {} bytes", end.bytes)});
        }
    }

    // `in_segment` bytes of the current segment are done.
    void advance(std::uint64_t in_segment) {
        const std::uint64_t done = found_.bytes + in_segment;
        if (!progress_ || done < reported_ + progress_step_bytes) return;
        reported_ = done;
        progress_(done, std::max(all_, done));
    }

    const std::string& folder_;
    const std::uint64_t all_;
    const Progress& progress_;
    Verification found_;
    std::uint64_t next_ = 0;      // the number that the next segment has to start with; 0: any
    std::uint64_t reported_ = 0;  // bytes at the last call of progress_
};

}  // namespace

Result<Verification> verify_blocking(const std::string& folder, const Progress& progress) {
    FOREBAY_TRY(const auto segments, list_segments_blocking(folder));
    std::uint64_t all = 0;
    for (const SegmentFile& segment : segments) all += segment.bytes;
    Check check(folder, all, progress);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        FOREBAY_TRY_VOID(check.check_blocking(segments[i], i + 1 == segments.size()));
    }
    return check.take();
}

}  // namespace forebay::journal
