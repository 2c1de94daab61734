#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "app/doctor.h"
#include "app/machine_files.h"
#include "journal/reader.h"
#include "storage/database.h"

namespace forebay::app {
namespace {

class DataExaminer {
public:
    DataExaminer(const storage::DataFolder& folder, const std::string& root, Findings& findings)
        : folder_(folder), root_(root), findings_(findings) {}

    std::optional<int> examine_blocking() {
        struct stat status{};
        if (::stat(folder_.path.c_str(), &status) != 0) {
            if (errno == ENOENT) {
                add("folder", Mark::ok, fmt::format("{} does not exist yet: forebay serve creates it", folder_.path));
            } else {
                add("folder", Mark::fail, fmt::format("{}: {}", folder_.path, std::generic_category().message(errno)),
                    "let this user reach the folder, or name another with --data");
            }
            return std::nullopt;
        }
        if (!S_ISDIR(status.st_mode)) {
            add("folder", Mark::fail, fmt::format("{} is not a folder", folder_.path), "name a folder with --data");
            return std::nullopt;
        }
        examine_permissions(status);
        examine_space();
        const auto server = find_lock_holder();
        if (server) add("server", Mark::ok, fmt::format("running, process {}", *server));
        examine_database();
        examine_journal(server.has_value());
        return server;
    }

private:
    void add(std::string subject, Mark mark, std::string fact, std::string remedy = {}) {
        findings_.push_back({"data", std::move(subject), mark, std::move(fact), std::move(remedy)});
    }

    void examine_permissions(const struct stat& status) {
        if (::access(folder_.path.c_str(), R_OK | W_OK | X_OK) != 0) {
            add("folder", Mark::fail, fmt::format("{} is not writable for user {}", folder_.path, ::geteuid()),
                fmt::format("run forebay as user {}, or chown the folder", status.st_uid));
        } else if ((status.st_mode & 077) != 0) {
            add("folder", Mark::warn,
                fmt::format("{} is open to other users (mode {:o})", folder_.path, status.st_mode & 0777u),
                fmt::format("chmod 700 {}", folder_.path));
        } else if (status.st_uid != ::geteuid()) {
            add("folder", Mark::warn,
                fmt::format("{} belongs to user {}, not to {}", folder_.path, status.st_uid, ::geteuid()),
                fmt::format("run forebay as user {}", status.st_uid));
        } else {
            add("folder", Mark::ok, fmt::format("{}, for its owner alone", folder_.path));
        }
    }

    void examine_space() {
        constexpr std::uint64_t mib = 1024 * 1024;
        struct statvfs space{};
        if (::statvfs(folder_.path.c_str(), &space) != 0) return;
        const std::uint64_t free_bytes = space.f_bavail * space.f_frsize;
        const auto fact =
            fmt::format("{} free of {}", readable_bytes(free_bytes), readable_bytes(space.f_blocks * space.f_frsize));
        const auto remedy = "free some space, or limit the journal with journal.retain_bytes";
        if (free_bytes < 128 * mib) {
            add("disk", Mark::fail, fact, remedy);
        } else if (free_bytes < 1024 * mib) {
            add("disk", Mark::warn, fact, remedy);
        } else {
            add("disk", Mark::ok, fact);
        }
    }

    // From the kernel's list of locks. Trying the lock instead could make a server that starts just now
    // fail.
    std::optional<int> find_lock_holder() const {
        const auto locks = find_text_blocking(root_ + "/proc/locks").value_or("");
        for (const auto& file : {folder_.lock_file(), folder_.journal() + "/lock"}) {
            struct stat status{};
            if (::stat(file.c_str(), &status) != 0) continue;
            const auto inode = fmt::format(":{}", status.st_ino);
            for (const auto line : lines_of(locks)) {
                const auto words = words_of(line);
                // "1: FLOCK ADVISORY WRITE 4711 08:01:1234 0 EOF"
                if (words.size() < 6 || words[1] != "FLOCK" || !words[5].ends_with(inode)) continue;
                if (const auto process = find_number(words[4])) return static_cast<int>(*process);
            }
        }
        return std::nullopt;
    }

    void examine_database() {
        const auto file = folder_.state_database();
        std::error_code error;
        const auto size_bytes = std::filesystem::file_size(file, error);
        if (error) {
            add("state database", Mark::ok, "not there yet: forebay serve creates it");
            return;
        }
        const auto database = storage::Database::open_blocking(file, std::chrono::seconds(1));
        if (database) {
            add("state database", Mark::ok, fmt::format("opens, {}", readable_bytes(size_bytes)));
        } else {
            add("state database", Mark::fail, database.error().message,
                fmt::format("put {} back from a backup, or move it away to begin without keys", file));
        }
    }

    void examine_journal(bool server_runs) {
        const auto journal = folder_.journal();
        std::uint64_t bytes = 0;
        std::uint64_t segments = 0;
        std::error_code error;
        for (std::filesystem::directory_iterator it(journal, error), end; !error && it != end; it.increment(error)) {
            std::error_code ignored;
            if (it->path().extension() != ".seg") continue;
            bytes += it->file_size(ignored);
            ++segments;
        }
        if (error == std::errc::no_such_file_or_directory) {
            return add("journal", Mark::ok, "not there yet: forebay serve creates it");
        }
        if (error) {
            return add("journal", Mark::fail, fmt::format("{}: {}", journal, error.message()),
                       "let this user read the folder");
        }
        // A full check reads everything: about a second for each few hundred MiB.
        constexpr std::uint64_t full_check_bytes_max = 256ull * 1024 * 1024;
        const auto size = fmt::format("{} in {} segments", readable_bytes(bytes), segments);
        if (bytes <= full_check_bytes_max) return verify_journal(journal, size, server_runs);
        std::uint64_t newest = 0;
        const auto read = journal::read_backward_blocking(journal, [&](const journal::Record& record) {
            newest = record.sequence;
            return false;
        });
        if (!read) return add_journal_failure(read.error().message);
        add("journal", Mark::ok, fmt::format("{}, newest record {}; only that one was checked", size, newest));
    }

    void verify_journal(const std::string& journal, const std::string& size, bool server_runs) {
        const auto checked = journal::verify_blocking(journal, [](std::uint64_t, std::uint64_t) {});
        if (!checked) return add_journal_failure(checked.error().message);
        if (!checked->damages.empty()) {
            const auto& first = checked->damages.front();
            return add_journal_failure(fmt::format("{} damaged places, the first in {} at byte {}: {}",
                                                   checked->damages.size(), first.segment, first.offset, first.what));
        }
        // A running server may be in the middle of a record.
        if (checked->torn_tail_bytes > 0 && !server_runs) {
            return add("journal", Mark::warn,
                       fmt::format("{}, {} records; the last {} bytes are a record that was never finished", size,
                                   checked->records, checked->torn_tail_bytes),
                       "nothing needs doing: the next start cuts them off");
        }
        add("journal", Mark::ok, fmt::format("{}, {} records, all whole", size, checked->records));
    }

    void add_journal_failure(std::string fact) {
        add("journal", Mark::fail, std::move(fact),
            "check the disk; `forebay journal verify` lists every place, and all other records stay readable");
    }

    const storage::DataFolder& folder_;
    const std::string& root_;
    Findings& findings_;
};

}  // namespace

std::optional<int> examine_data_blocking(const storage::DataFolder& folder, const std::string& root,
                                         Findings& findings) {
    return DataExaminer(folder, root, findings).examine_blocking();
}

}  // namespace forebay::app
