#include "journal/segment_writer.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "journal/format.h"
#include "journal/segments.h"

namespace forebay::journal {
namespace {

// Larger batches would not be faster, only later.
constexpr std::size_t batch_bytes_max = 4 * 1024 * 1024;

std::unexpected<Error> refused(std::string_view what, const std::string& path, ssize_t outcome) {
    return fail(Code::unavailable, "the journal cannot {} {}: {}", what, path,
                std::strerror(static_cast<int>(-outcome)));
}

}  // namespace

SegmentWriter::SegmentWriter(std::string folder, const config::JournalSettings& settings, Disk& disk,
                             Housekeeper& housekeeper, WritePosition position)
    : folder_(std::move(folder)),
      settings_(settings),
      disk_(disk),
      housekeeper_(housekeeper),
      file_(std::move(position.file)),
      end_(position.end),
      empty_(position.empty),
      next_(position.next) {}

Result<void> SegmentWriter::start_blocking() {
    if (!file_) return rotate_blocking();
    housekeeper_.rotated(nullptr, file_);
    return {};
}

bool SegmentWriter::add(std::string_view payload) {
    const std::uint64_t bytes = record_header_bytes + payload.size();
    const auto fits = [&] {
        const std::uint64_t start = rotate_first_ ? file_header_bytes : end_;
        return start + batch_.size() + bytes <= settings_.segment_bytes;
    };
    if (batch_records_ == 0) {
        rotate_first_ = false;
        rotate_first_ = !empty_ && !fits();
    } else if (batch_.size() + bytes > batch_bytes_max || !fits()) {
        return false;
    }
    append_record(batch_, next_ + batch_records_, payload);
    ++batch_records_;
    return true;
}

Result<std::uint64_t> SegmentWriter::commit_blocking() {
    const auto written = write_batch_blocking();
    const std::uint64_t first = next_;
    if (written) {
        end_ += batch_.size();
        next_ += batch_records_;
        empty_ = false;
        housekeeper_.written();
    }
    batch_.clear();
    batch_records_ = 0;
    // One huge record must not hold its memory for ever.
    if (batch_.capacity() > 2 * batch_bytes_max) std::string().swap(batch_);
    if (!written) return std::unexpected(written.error());
    return first;
}

Result<void> SegmentWriter::write_batch_blocking() {
    if (rotate_first_) {
        FOREBAY_TRY_VOID(rotate_blocking());
    }
    if (dirty_tail_ && !cut_back_blocking())
        return fail(Code::unavailable, "the journal cannot cut what a failed write left in {}", file_->path());
    if (auto wrote = write_blocking(*file_, batch_, end_); !wrote) {
        cut_back_blocking();
        return wrote;
    }
    if (settings_.sync != config::JournalSync::always) return {};
    const auto start = SteadyClock::now();
    if (const int synced = disk_.sync_blocking(file_->fd()); synced < 0) {
        cut_back_blocking();
        return refused("sync", file_->path(), synced);
    }
    housekeeper_.note_sync(SteadyClock::now() - start);
    return {};
}

bool SegmentWriter::cut_back_blocking() {
    dirty_tail_ = disk_.cut_blocking(file_->fd(), static_cast<off_t>(end_)) < 0;
    return !dirty_tail_;
}

Result<void> SegmentWriter::write_blocking(DiskFile& file, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        ssize_t wrote = disk_.write_blocking(file.fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (wrote == 0) wrote = -EIO;
        if (wrote < 0) return refused("write", file.path(), wrote);
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
        offset += static_cast<std::uint64_t>(wrote);
    }
    return {};
}

Result<void> SegmentWriter::rotate_blocking() {
    std::string header;
    append_file_header(header, {.first = next_, .created_micros = unix_micros_now()});
    FOREBAY_TRY(auto file, create_blocking(header));
    housekeeper_.rotated(std::exchange(file_, file), file);
    end_ = header.size();
    empty_ = true;
    dirty_tail_ = false;
    rotate_first_ = false;
    return {};
}

// Nobody was ever told of a record in a file of this name, so whatever a failed attempt left is overwritten.
Result<std::shared_ptr<DiskFile>> SegmentWriter::create_blocking(std::string& header) {
    const std::string path = folder_ + "/" + segment_name(next_);
    const int fd = disk_.open_blocking(path, true);
    if (fd < 0) return refused("create", path, fd);
    auto file = std::make_shared<DiskFile>(disk_, fd, path);
    auto made = write_blocking(*file, header, 0);
    if (made && settings_.sync == config::JournalSync::always) {
        // The records must not be safer than the name that leads to them.
        int synced = disk_.sync_blocking(fd);
        if (synced >= 0) synced = disk_.sync_folder_blocking(folder_);
        if (synced < 0) made = refused("sync", path, synced);
    }
    if (made) return file;
    disk_.remove_blocking(path);
    return std::unexpected(std::move(made).error());
}

}  // namespace forebay::journal
