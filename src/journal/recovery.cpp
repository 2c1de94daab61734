#include "journal/recovery.h"

#include <cstring>

#include "base/log.h"
#include "journal/segment_scanner.h"
#include "journal/segments.h"

namespace forebay::journal {
namespace {

std::unexpected<Error> refused(std::string_view what, const std::string& path, ssize_t outcome) {
    return fail(Code::unavailable, "cannot {} {}: {}", what, path, std::strerror(static_cast<int>(-outcome)));
}

struct Scan {
    std::uint64_t next = 1;     // the number after the last one seen
    std::uint64_t end = 0;      // where the whole records end
    std::uint64_t torn = 0;     // bytes after that
    std::uint64_t records = 0;  // whole ones
    std::uint64_t damages = 0;
};

Result<Scan> scan_blocking(const std::string& path, const SegmentFile& segment) {
    FOREBAY_TRY(auto bytes, SegmentBytes::open_blocking(path));
    SegmentScanner scanner(bytes, segment.first);
    Scan scan;
    for (;;) {
        FOREBAY_TRY(const auto item, scanner.next_blocking());
        if (item.kind == ScanItem::Kind::end) {
            scan.end = item.offset;
            scan.torn = item.bytes;
            scan.next = scanner.expected();
            return scan;
        }
        if (item.kind == ScanItem::Kind::record) {
            ++scan.records;
        } else {
            ++scan.damages;
            log::error("journal: {} at byte {}: {}", path, item.offset, item.what);
        }
    }
}

void report_cut(Recovery& recovery, const std::string& path, std::uint64_t bytes) {
    recovery.torn_bytes += bytes;
    recovery.torn_segment = path;
    log::warning(
        "journal: cut a torn tail of {} bytes from {}; a crash left it, and nobody was told that it was written", bytes,
        path);
}

// A file without a whole header: its writer died while making it, so it never held a record.
Result<void> remove_stub(Disk& disk, const std::string& path, std::uint64_t bytes, Recovery& recovery) {
    if (const int removed = disk.remove_blocking(path); removed < 0) return refused("remove", path, removed);
    report_cut(recovery, path, bytes);
    return {};
}

Result<WritePosition> keep_damaged(Disk& disk, const std::string& path, const SegmentFile& segment, const Scan& scan,
                                   Recovery& recovery) {
    recovery.damages = scan.damages;
    recovery.damaged_segment = path;
    WritePosition position;
    position.next = scan.next;
    if (scan.next == segment.first) {
        // The new segment needs this one's name.
        recovery.damaged_segment += ".damaged";
        if (const int renamed = disk.rename_blocking(path, recovery.damaged_segment); renamed < 0)
            return refused("rename", path, renamed);
    }
    log::error("journal: {} is damaged and stays as it is; writing goes on in a new segment with record {}",
               recovery.damaged_segment, position.next);
    return position;
}

Result<WritePosition> go_on(Disk& disk, const std::string& path, const Scan& scan, Recovery& recovery) {
    WritePosition position;
    position.next = scan.next;
    position.end = scan.end;
    position.empty = scan.records == 0;
    const int fd = disk.open_blocking(path, false);
    if (fd < 0) return refused("open", path, fd);
    position.file = std::make_shared<DiskFile>(disk, fd, path);
    if (scan.torn == 0) return position;
    if (const int cut = disk.cut_blocking(fd, static_cast<off_t>(scan.end)); cut < 0) return refused("cut", path, cut);
    if (const int synced = disk.sync_blocking(fd); synced < 0) return refused("sync", path, synced);
    report_cut(recovery, path, scan.torn);
    return position;
}

}  // namespace

Result<WritePosition> recover_blocking(const std::string& folder, Disk& disk, Recovery& recovery) {
    FOREBAY_TRY(auto segments, list_segments_blocking(folder));
    WritePosition fresh;
    while (!segments.empty()) {
        const SegmentFile last = std::move(segments.back());
        segments.pop_back();
        const std::string path = folder + "/" + last.name;
        FOREBAY_TRY(const auto scan, scan_blocking(path, last));
        if (scan.end == 0) {
            FOREBAY_TRY_VOID(remove_stub(disk, path, scan.torn, recovery));
            fresh.next = last.first;
            continue;
        }
        recovery.records = scan.records;
        if (scan.damages > 0) return keep_damaged(disk, path, last, scan, recovery);
        return go_on(disk, path, scan, recovery);
    }
    return fresh;
}

}  // namespace forebay::journal
