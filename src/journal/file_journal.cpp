#include "journal/file_journal.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/log.h"
#include "journal/format.h"

namespace forebay::journal {
namespace {

using Token = const asio::use_awaitable_t<exec::Executor>;
using Handler = asio::async_result<std::decay_t<Token>, void()>::handler_type;

}  // namespace

// One append under way. It lives in the frame of the coroutine that waits for it, which only the handler
// resumes, so that the queue needs no memory of its own.
struct FileJournal::Pending {
    Pending(std::string given, const exec::Executor& home) : record(std::move(given)), work(home) {}

    std::string record;
    asio::executor_work_guard<exec::Executor> work;
    std::optional<Handler> handler;
    Result<std::uint64_t> result = 0;
    Pending* next = nullptr;
};

Result<std::unique_ptr<Journal>> Journal::open_blocking(const std::string& folder, config::JournalSettings settings) {
    return FileJournal::open_blocking(folder, std::move(settings), real_disk());
}

Result<std::unique_ptr<Journal>> FileJournal::open_blocking(const std::string& folder, config::JournalSettings settings,
                                                            Disk& disk) {
    std::error_code error;
    if (std::filesystem::create_directories(folder, error))
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    if (error) return fail(Code::unavailable, "cannot create the folder {}: {}", folder, error.message());
    FOREBAY_TRY(auto lock, FolderLock::take_blocking(folder));
    Recovery recovery;
    FOREBAY_TRY(auto position, recover_blocking(folder, disk, recovery));
    std::unique_ptr<FileJournal> journal(
        new FileJournal(folder, settings, disk, std::move(lock), std::move(recovery), std::move(position)));
    FOREBAY_TRY_VOID(journal->writer_.start_blocking());
    journal->housekeeper_.start();
    journal->thread_ = std::thread([self = journal.get()] {
        pthread_setname_np(pthread_self(), "journal");
        self->run();
    });
    return journal;
}

FileJournal::FileJournal(const std::string& folder, const config::JournalSettings& settings, Disk& disk,
                         FolderLock lock, Recovery recovery, WritePosition position)
    : folder_(folder),
      settings_(settings),
      lock_(std::move(lock)),
      recovery_(std::move(recovery)),
      housekeeper_(folder, settings, disk),
      writer_(folder, settings, disk, housekeeper_, std::move(position)) {}

FileJournal::~FileJournal() { stop_blocking(); }

exec::Task<Result<std::uint64_t>> FileJournal::append(std::string record) {
    if (record.size() > payload_bytes_max)
        co_return fail(Code::too_large, "a journal record of {} bytes is over the limit of {}", record.size(),
                       payload_bytes_max);
    const auto home = co_await asio::this_coro::executor;
    Pending pending(std::move(record), home);
    auto initiate = [this, &pending](Handler handler) {
        pending.handler.emplace(std::move(handler));
        enqueue(pending);
    };
    co_await asio::async_initiate<Token, void()>(std::move(initiate), exec::await);
    co_return std::move(pending.result);
}

void FileJournal::enqueue(Pending& pending) {
    const std::uint64_t size = record_header_bytes + pending.record.size();
    bool full = false;
    bool stopping = false;
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        const std::uint64_t queued = queued_bytes_.load(std::memory_order_relaxed);
        // An empty queue takes any record: a large one could never be written otherwise.
        full = queued != 0 && queued + size > settings_.queue_bytes;
        stopping = stopping_;
        if (!full && !stopping) {
            queued_bytes_.fetch_add(size, std::memory_order_relaxed);
            (tail_ ? tail_->next : head_) = &pending;
            tail_ = &pending;
            wake = std::exchange(sleeping_, false);
        }
    }
    // Once queued, `pending` may be gone at any moment.
    if (wake) wake_.notify_one();
    if (stopping) {
        pending.result = fail(Code::unavailable, "the journal in {} is closed", folder_);
    } else if (full) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        pending.result = fail(Code::resource_exhausted, "{} bytes of journal records are waiting to be written",
                              queued_bytes_.load(std::memory_order_relaxed));
    }
    if (stopping || full) resume(pending);
}

// Posts the caller's continuation; `pending` is gone afterwards.
void FileJournal::resume(Pending& pending) {
    auto handler = std::move(*pending.handler);
    const auto work = std::move(pending.work);
    asio::post(work.get_executor(), std::move(handler));
}

void FileJournal::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        while (!head_ && !stopping_) {
            sleeping_ = true;
            wake_.wait(lock);
        }
        sleeping_ = false;
        if (!head_) return;
        Pending* list = std::exchange(head_, nullptr);
        tail_ = nullptr;
        lock.unlock();
        write_blocking(list);
        lock.lock();
    }
}

void FileJournal::write_blocking(Pending* list) {
    while (list) {
        Pending* const first = list;
        std::uint64_t count = 0;
        for (; list && writer_.add(list->record); list = list->next) ++count;
        const std::uint64_t bytes = writer_.batch_bytes();
        const auto written = writer_.commit_blocking();
        note_outcome(written);
        complete(first, count, written, bytes);
    }
}

void FileJournal::note_outcome(const Result<std::uint64_t>& written) {
    if (!written) {
        failures_.fetch_add(1, std::memory_order_relaxed);
        if (!std::exchange(failing_, true))
            log::error("{}; appends are refused until a write succeeds", written.error().message);
    } else if (std::exchange(failing_, false)) {
        log::warning("the journal in {} can be written again", folder_);
    }
}

void FileJournal::complete(Pending* first, std::uint64_t count, const Result<std::uint64_t>& written,
                           std::uint64_t bytes) {
    queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (written) {
        records_.fetch_add(count, std::memory_order_relaxed);
        bytes_.fetch_add(bytes, std::memory_order_relaxed);
        batches_.fetch_add(1, std::memory_order_relaxed);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        Pending& pending = *std::exchange(first, first->next);
        pending.result = written ? Result<std::uint64_t>(*written + i) : std::unexpected(written.error());
        resume(pending);
    }
}

Stats FileJournal::stats() const {
    Stats stats;
    stats.records = records_.load(std::memory_order_relaxed);
    stats.bytes = bytes_.load(std::memory_order_relaxed);
    stats.batches = batches_.load(std::memory_order_relaxed);
    stats.queued_bytes = queued_bytes_.load(std::memory_order_relaxed);
    stats.refused = refused_.load(std::memory_order_relaxed);
    stats.failures = failures_.load(std::memory_order_relaxed) + housekeeper_.failures();
    stats.segments = housekeeper_.segments();
    stats.last_sync_micros = housekeeper_.last_sync_micros();
    return stats;
}

void FileJournal::stop_blocking() {
    std::call_once(stopped_, [this] {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        if (thread_.joinable()) thread_.join();
        housekeeper_.stop_blocking();
    });
}

}  // namespace forebay::journal
