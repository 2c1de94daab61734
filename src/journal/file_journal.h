// The journal on files: a bounded queue in memory, one writer thread, one housekeeper.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "journal/disk.h"
#include "journal/housekeeper.h"
#include "journal/journal.h"
#include "journal/segment_writer.h"
#include "journal/segments.h"

namespace forebay::journal {

class FileJournal final : public Journal {
public:
    // As Journal::open_blocking(), on a disk that outlives the journal. Blocks.
    static Result<std::unique_ptr<Journal>> open_blocking(const std::string& folder, config::JournalSettings settings,
                                                          Disk& disk);
    ~FileJournal() override;

    exec::Task<Result<std::uint64_t>> append(std::string record) override;
    const Recovery& recovery() const override { return recovery_; }
    Stats stats() const override;
    void stop_blocking() override;

private:
    struct Pending;

    FileJournal(const std::string& folder, const config::JournalSettings& settings, Disk& disk, FolderLock lock,
                Recovery recovery, WritePosition position);

    void enqueue(Pending& pending);
    void run();
    void write_blocking(Pending* list);
    void complete(Pending* first, std::uint64_t count, const Result<std::uint64_t>& written, std::uint64_t bytes);
    void note_outcome(const Result<std::uint64_t>& written);
    static void resume(Pending& pending);

    const std::string folder_;
    const config::JournalSettings settings_;
    const FolderLock lock_;
    const Recovery recovery_;

    std::atomic<std::uint64_t> records_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint64_t> batches_{0};
    std::atomic<std::uint64_t> queued_bytes_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> failures_{0};

    std::mutex mutex_;
    std::condition_variable wake_;
    // Guarded by mutex_.
    Pending* head_ = nullptr;
    Pending* tail_ = nullptr;
    bool sleeping_ = false;  // the writer waits on wake_ and nobody has woken it yet
    bool stopping_ = false;

    std::once_flag stopped_;
    bool failing_ = false;  // the writer thread alone
    Housekeeper housekeeper_;
    SegmentWriter writer_;  // the writer thread alone
    std::thread thread_;
};

}  // namespace forebay::journal
