// For tests: a folder, a disk that fails on request, and appends without a server around them.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "journal/file_journal.h"
#include "journal/reader.h"
#include "journal/segment_scanner.h"

namespace forebay::journal {

// How a coroutine of a test ends: an exception is a failure of the test.
inline constexpr auto on_end = [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
};

class TestFolder {
public:
    TestFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "forebay-journal-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;

    // The journal's folder: not there until a journal is opened.
    std::string journal() const { return path_ + "/journal"; }
    std::string segment(std::uint64_t first) const { return journal() + "/" + segment_name(first); }
    // The file names of the segments, oldest first.
    std::vector<std::string> segments() const {
        std::vector<std::string> names;
        for (const auto& file : *list_segments_blocking(journal())) names.push_back(file.name);
        return names;
    }

private:
    std::string path_;
};

// The tests provoke failures by the hundred; each is logged.
inline const bool quiet = [] {
    log::set_sink([](log::Level, std::string_view) {}, log::Level::warning);
    return true;
}();

inline std::string read_file(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}
inline void write_file(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// The kernel's disk, except for the calls that a test asks to fail or to wait.
class FaultyDisk final : public Disk {
public:
    // Fails `times` calls from the nth from now on (0: the next). A failing write first writes half.
    void fail_calls(int nth, int times, int error) {
        const std::lock_guard lock(mutex_);
        fail_in_ = nth;
        fail_times_ = times;
        error_ = error;
        fired_ = 0;
    }
    void fail_syncs(int error) {
        const std::lock_guard lock(mutex_);
        sync_error_ = error;
    }
    // Writes at most this many bytes at once.
    void write_at_most(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        write_max_ = bytes;
    }
    int fired() const {
        const std::lock_guard lock(mutex_);
        return fired_;
    }
    int syncs() const {
        const std::lock_guard lock(mutex_);
        return syncs_;
    }
    // Waits until `count` more calls of sync have been made.
    void await_syncs(int count) {
        std::unique_lock lock(mutex_);
        const int wanted = syncs_ + count;
        changed_.wait(lock, [&] { return syncs_ >= wanted; });
    }
    // From now on each write waits for release_writes().
    void hold_writes() {
        const std::lock_guard lock(mutex_);
        holding_ = true;
    }
    void await_held_write() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_ > 0; });
    }
    void release_writes() {
        const std::lock_guard lock(mutex_);
        holding_ = false;
        changed_.notify_all();
    }

    int open_blocking(const std::string& path, bool create) override {
        const int fault = take_fault();
        return fault != 0 ? -fault : Disk::open_blocking(path, create);
    }
    ssize_t write_blocking(int fd, const char* bytes, std::size_t size, off_t offset) override {
        const int fault = take_fault();
        std::size_t write_max = 0;
        {
            std::unique_lock lock(mutex_);
            ++held_;
            changed_.notify_all();
            changed_.wait(lock, [&] { return !holding_; });
            --held_;
            write_max = write_max_;
        }
        if (fault != 0) {
            EXPECT_GE(Disk::write_blocking(fd, bytes, size / 2, offset), 0);
            return -fault;
        }
        return Disk::write_blocking(fd, bytes, write_max != 0 ? std::min(size, write_max) : size, offset);
    }
    int sync_blocking(int fd) override {
        const int fault = take_fault();
        const std::lock_guard lock(mutex_);
        ++syncs_;
        changed_.notify_all();
        // Really syncing would only make the tests slow: none of them cuts the power.
        (void)fd;
        return fault != 0 ? -fault : -sync_error_;
    }
    int cut_blocking(int fd, off_t size) override {
        const int fault = take_fault();
        return fault != 0 ? -fault : Disk::cut_blocking(fd, size);
    }
    int sync_folder_blocking(const std::string& folder) override {
        (void)folder;
        return -take_fault();
    }
    int remove_blocking(const std::string& path) override {
        const int fault = take_fault();
        return fault != 0 ? -fault : Disk::remove_blocking(path);
    }

private:
    int take_fault() {
        const std::lock_guard lock(mutex_);
        if (fail_in_ < 0 || fail_times_ == 0) return 0;
        if (fail_in_ > 0) {
            --fail_in_;
            return 0;
        }
        --fail_times_;
        ++fired_;
        return error_;
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    int fail_in_ = -1;
    int fail_times_ = 0;
    int error_ = 0;
    int fired_ = 0;
    int sync_error_ = 0;
    int syncs_ = 0;
    int held_ = 0;
    bool holding_ = false;
    std::size_t write_max_ = 0;
};

inline config::JournalSettings settings_with(config::JournalSync sync, std::uint64_t segment_bytes = 64 << 20) {
    config::JournalSettings settings;
    settings.sync = sync;
    settings.segment_bytes = segment_bytes;
    return settings;
}

inline std::unique_ptr<Journal> open_journal(const TestFolder& folder, const config::JournalSettings& settings,
                                             Disk& disk = real_disk()) {
    auto opened = FileJournal::open_blocking(folder.journal(), settings, disk);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
}

inline exec::Task<void> append_into(Journal& journal, std::string record, Result<std::uint64_t>& result) {
    result = co_await journal.append(std::move(record));
}

// Appends all at the same time from one I/O thread, which is this one; their results in order.
inline std::vector<Result<std::uint64_t>> append_together(Journal& journal, const std::vector<std::string>& records) {
    asio::io_context io;
    std::vector<Result<std::uint64_t>> results(records.size(), Result<std::uint64_t>(0));
    for (std::size_t i = 0; i < records.size(); ++i)
        asio::co_spawn(io, append_into(journal, records[i], results[i]), on_end);
    io.run();
    return results;
}
inline Result<std::uint64_t> append_one(Journal& journal, const std::string& record) {
    return append_together(journal, {record}).front();
}

inline std::vector<Record> read_all(const TestFolder& folder, std::uint64_t first = 1) {
    std::vector<Record> records;
    const auto visit = [&](const Record& record) {
        records.push_back(record);
        return true;
    };
    const auto read = read_forward_blocking(folder.journal(), first, visit);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return records;
}

// Every record that can be read, also behind damage.
inline std::map<std::uint64_t, std::string> read_survivors(const TestFolder& folder) {
    std::map<std::uint64_t, std::string> survivors;
    for (const auto& file : *list_segments_blocking(folder.journal())) {
        auto bytes = SegmentBytes::open_blocking(folder.journal() + "/" + file.name);
        EXPECT_TRUE(bytes.has_value());
        SegmentScanner scanner(*bytes, file.first);
        for (;;) {
            const auto item = scanner.next_blocking();
            EXPECT_TRUE(item.has_value());
            if (!item || item->kind == ScanItem::Kind::end) break;
            if (item->kind == ScanItem::Kind::record) survivors.emplace(item->sequence, item->payload);
        }
    }
    return survivors;
}

inline Verification verify(const TestFolder& folder) {
    auto verified = verify_blocking(folder.journal(), {});
    EXPECT_TRUE(verified.has_value()) << verified.error().message;
    return verified ? *std::move(verified) : Verification();
}

}  // namespace forebay::journal
