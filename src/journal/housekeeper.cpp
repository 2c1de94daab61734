#include "journal/housekeeper.h"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "journal/segments.h"

namespace forebay::journal {

Housekeeper::Housekeeper(std::string folder, const config::JournalSettings& settings, Disk& disk)
    : folder_(std::move(folder)), settings_(settings), disk_(disk) {}

Housekeeper::~Housekeeper() { stop_blocking(); }

void Housekeeper::start() {
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "journal-sync");
        run();
    });
}

void Housekeeper::stop_blocking() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Housekeeper::rotated(std::shared_ptr<DiskFile> old, std::shared_ptr<DiskFile> now) {
    {
        const std::lock_guard lock(mutex_);
        if (old) retired_.push_back(std::move(old));
        current_ = std::move(now);
        tidy_ = true;
    }
    wake_.notify_one();
}

void Housekeeper::note_sync(SteadyClock::duration took) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    last_sync_micros_.store(static_cast<std::uint64_t>(micros), std::memory_order_relaxed);
}

void Housekeeper::run() {
    const bool at_intervals = settings_.sync == config::JournalSync::interval;
    const auto interval = std::max(settings_.sync_interval, std::chrono::milliseconds(1));
    auto due = SteadyClock::now() + interval;
    for (bool stopping = false; !stopping;) {
        std::unique_lock lock(mutex_);
        const auto asked = [this] { return stopping_ || tidy_; };
        if (at_intervals) {
            wake_.wait_until(lock, due, asked);
        } else {
            wake_.wait(lock, asked);
        }
        stopping = stopping_;
        const bool tidy = std::exchange(tidy_, false);
        const auto current = current_;
        const auto retired = std::exchange(retired_, {});
        lock.unlock();

        // With `always` everything is synced already, and `none` leaves it to the kernel until the end.
        if (at_intervals || stopping) {
            sync_all_blocking(retired, current);
            due = SteadyClock::now() + interval;
        }
        if (tidy && current) tidy_blocking(current->path());
    }
}

void Housekeeper::sync_all_blocking(const std::vector<std::shared_ptr<DiskFile>>& retired,
                                    const std::shared_ptr<DiskFile>& current) {
    // One attempt each: after a refused sync the kernel forgets what it could not write, so that a second one
    // would succeed without meaning it.
    for (const auto& file : retired) sync_blocking(*file);
    if (!retired.empty()) {
        if (const int synced = disk_.sync_folder_blocking(folder_); synced < 0)
            log::error("journal: cannot sync the folder {}: {}", folder_, std::strerror(-synced));
    }
    if (current && dirty_.exchange(false, std::memory_order_acquire) && !sync_blocking(*current))
        dirty_.store(true, std::memory_order_release);
}

bool Housekeeper::sync_blocking(const DiskFile& file) {
    const auto start = SteadyClock::now();
    const int synced = disk_.sync_blocking(file.fd());
    note_sync(SteadyClock::now() - start);
    if (synced < 0) {
        failures_.fetch_add(1, std::memory_order_relaxed);
        if (!std::exchange(failing_, true))
            log::error("journal: cannot sync {}: {}; a power loss now could lose more than the interval", file.path(),
                       std::strerror(-synced));
        return false;
    }
    if (std::exchange(failing_, false)) log::warning("journal: {} could be synced again", file.path());
    return true;
}

// Counts the segments and removes the oldest ones that are too many, never the current one.
void Housekeeper::tidy_blocking(const std::string& current_path) {
    auto listed = list_segments_blocking(folder_);
    if (!listed) {
        log::error("journal: {}", listed.error().message);
        return;
    }
    std::uint64_t bytes = 0;
    for (const SegmentFile& segment : *listed) bytes += segment.bytes;
    std::uint64_t count = listed->size();
    for (const SegmentFile& segment : *listed) {
        const std::string path = folder_ + "/" + segment.name;
        if (settings_.retain_bytes == 0 || bytes <= settings_.retain_bytes || path == current_path) break;
        if (const int removed = disk_.remove_blocking(path); removed < 0) {
            log::error("journal: cannot remove {}: {}", path, std::strerror(-removed));
            break;
        }
        log::info("journal: removed {}, because the journal is over {} bytes", path, settings_.retain_bytes);
        bytes -= segment.bytes;
        --count;
    }
    segments_.store(count, std::memory_order_relaxed);
}

}  // namespace forebay::journal
