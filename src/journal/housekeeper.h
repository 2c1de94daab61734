// Housekeeper: the journal's second thread. It syncs at intervals, finishes segments that were rotated out
// and removes old ones, so that the writer never waits for that.
//
// Threads  written(), rotated() and note_sync() from the writer; the rest from the owner; numbers from any.
// Errors   a refused sync is logged and counted, and tried again at the next interval.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "journal/disk.h"

namespace forebay::journal {

class Housekeeper {
public:
    Housekeeper(std::string folder, const config::JournalSettings& settings, Disk& disk);
    ~Housekeeper();

    void start();
    // Syncs what is left, joins. Blocks.
    void stop_blocking();

    // The current segment has new bytes.
    void written() { dirty_.store(true, std::memory_order_release); }
    // `now` is the current segment; `old`, which may be null, gets no more bytes.
    void rotated(std::shared_ptr<DiskFile> old, std::shared_ptr<DiskFile> now);
    // How long a sync took.
    void note_sync(SteadyClock::duration took);

    std::uint64_t segments() const { return segments_.load(std::memory_order_relaxed); }
    std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }
    std::uint64_t last_sync_micros() const { return last_sync_micros_.load(std::memory_order_relaxed); }

private:
    void run();
    void sync_all_blocking(const std::vector<std::shared_ptr<DiskFile>>& retired,
                           const std::shared_ptr<DiskFile>& current);
    bool sync_blocking(const DiskFile& file);
    void tidy_blocking(const std::string& current_path);

    const std::string folder_;
    const config::JournalSettings settings_;
    Disk& disk_;

    std::atomic<bool> dirty_{false};
    std::atomic<std::uint64_t> segments_{0};
    std::atomic<std::uint64_t> failures_{0};
    std::atomic<std::uint64_t> last_sync_micros_{0};

    std::mutex mutex_;
    std::condition_variable wake_;
    // Guarded by mutex_.
    std::shared_ptr<DiskFile> current_;
    std::vector<std::shared_ptr<DiskFile>> retired_;  // not yet synced
    bool tidy_ = true;
    bool stopping_ = false;

    bool failing_ = false;  // the housekeeper's thread alone
    std::thread thread_;
};

}  // namespace forebay::journal
