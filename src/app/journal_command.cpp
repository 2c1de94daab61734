#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "app/commands.h"
#include "app/record_text.h"
#include "base/json.h"
#include "journal/reader.h"
#include "storage/data_folder.h"

namespace forebay::app {
namespace {

struct JournalOptions {
    std::string data = "data";
    std::string id;
    std::uint64_t limit = 20;
    bool json = false;
    bool follow = false;

    std::string folder() const { return storage::DataFolder{data}.journal(); }
};

// Whether the reader of our output is still there.
bool print(std::FILE* out, std::string_view text) {
    return std::fwrite(text.data(), 1, text.size(), out) == text.size();
}

int failed(const Error& error) {
    print(stderr, fmt::format("error: {}\n", error.message));
    return exit_failed;
}

std::string line_of(const JournalOptions& options, const journal::Record& record) {
    return (options.json ? record.payload : record_row(record.payload)) + "\n";
}

// Tells when a writer, which is another process, has changed something in a folder.
class FolderWatch {
public:
    static Result<FolderWatch> open_blocking(const std::string& folder) {
        FolderWatch watch(::inotify_init1(IN_CLOEXEC));
        if (watch.fd_ >= 0 && ::inotify_add_watch(watch.fd_, folder.c_str(), IN_MODIFY | IN_CREATE) >= 0) return watch;
        return fail(Code::unavailable, "cannot watch {}: {}", folder, std::strerror(errno));
    }
    ~FolderWatch() {
        if (fd_ >= 0) ::close(fd_);
    }
    FolderWatch(FolderWatch&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FolderWatch& operator=(FolderWatch&&) = delete;

    // Returns when something has changed since the last call. Blocks.
    bool wait_blocking() {
        alignas(inotify_event) char events[4096];
        return ::read(fd_, events, sizeof events) > 0;
    }

private:
    explicit FolderWatch(int fd) : fd_(fd) {}
    int fd_;
};

// Prints what is appended from `next` on, until the reader of our output goes away or a signal ends us.
Result<void> follow_blocking(const JournalOptions& options, FolderWatch& watch, std::uint64_t next) {
    for (;;) {
        bool open = true;
        const auto visit = [&](const journal::Record& record) {
            next = record.sequence + 1;
            open = print(stdout, line_of(options, record));
            return open;
        };
        FOREBAY_TRY_VOID(journal::read_forward_blocking(options.folder(), next, visit));
        if (std::fflush(stdout) != 0 || !open || !watch.wait_blocking()) return {};
    }
}

// The newest `limit` records, oldest first, so that the newest is the last line on the terminal.
int list(const JournalOptions& options) {
    std::vector<journal::Record> records;
    const auto visit = [&](const journal::Record& record) {
        if (records.size() < options.limit) records.push_back(record);
        return records.size() < options.limit;
    };
    // Before the first reading, so that nothing falls in between.
    std::optional<FolderWatch> watch;
    if (options.follow) {
        auto opened = FolderWatch::open_blocking(options.folder());
        if (!opened) return failed(opened.error());
        watch.emplace(std::move(*opened));
    }
    const auto read = journal::read_backward_blocking(options.folder(), visit);
    if (!read && read.error().code == Code::not_found) return failed(read.error());
    if (!options.json) print(stdout, record_row_heading() + "\n");
    for (auto record = records.rbegin(); record != records.rend(); ++record) print(stdout, line_of(options, *record));
    // What could be read is shown, damage or not.
    if (!read) return failed(read.error());
    if (records.empty() && !options.json && !options.follow) print(stdout, "(no records yet)\n");
    if (!options.follow) return exit_done;
    const auto followed = follow_blocking(options, *watch, records.empty() ? 1 : records.front().sequence + 1);
    return followed ? exit_done : failed(followed.error());
}

int show(const JournalOptions& options) {
    std::string found;
    const auto visit = [&](const journal::Record& record) {
        if (record_has_id(record.payload, options.id)) found = record.payload;
        return found.empty();
    };
    const auto read = journal::read_backward_blocking(options.folder(), visit);
    if (!read) return failed(read.error());
    if (found.empty())
        return failed(Error{Code::not_found, fmt::format("no record has the id '{}'", printable(options.id)), {}});
    print(stdout, options.json ? found + "\n" : record_page(found));
    return exit_done;
}

class ProgressLine {
public:
    void show(std::uint64_t done, std::uint64_t all) {
        if (!terminal_ || all == 0) return;
        print(stderr, fmt::format("\rchecked {} of {} MiB", done >> 20, all >> 20));
        shown_ = true;
    }
    void clear() {
        if (shown_) print(stderr, "\r\033[K");
        shown_ = false;
    }

private:
    const bool terminal_ = isatty(STDERR_FILENO) != 0;
    bool shown_ = false;
};

std::string verification_json(const journal::Verification& found) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("ok", found.damages.empty());
    object.field("segments", found.segments);
    object.field("records", found.records);
    object.field("bytes", found.bytes);
    object.field("torn_tail_bytes", found.torn_tail_bytes);
    object.key("damages");
    out += '[';
    for (std::size_t i = 0; i < found.damages.size(); ++i) {
        if (i > 0) out += ',';
        json::ObjectWriter damage(out);
        damage.field("segment", found.damages[i].segment);
        damage.field("offset", found.damages[i].offset);
        damage.field("what", found.damages[i].what);
        damage.close();
    }
    out += ']';
    object.close();
    return out + "\n";
}

int verify(const JournalOptions& options) {
    ProgressLine progress;
    const auto on_progress = [&](std::uint64_t done, std::uint64_t all) { progress.show(done, all); };
    const auto found = journal::verify_blocking(options.folder(), on_progress);
    progress.clear();
    if (!found) return failed(found.error());
    const int code = found->damages.empty() ? exit_done : exit_failed;
    if (options.json) {
        print(stdout, verification_json(*found));
        return code;
    }
    print(stdout, fmt::format("{} records in {} segments, {} bytes\n", found->records, found->segments, found->bytes));
    if (found->torn_tail_bytes > 0)
        print(stdout, fmt::format("A torn tail of {} bytes at the end: what a crash or a write under way leaves. "
                                  "The next start cuts it.\n",
                                  found->torn_tail_bytes));
    for (const auto& damage : found->damages)
        print(stderr, fmt::format("damaged: {} at byte {}: {}\n", damage.segment, damage.offset, damage.what));
    if (code == exit_done) print(stdout, "Every checksum and every sequence number is right.\n");
    return code;
}

void add_common(CLI::App& command, JournalOptions& options) {
    command.add_option("--data", options.data, "The data folder of the server")
        ->type_name("DIR")
        ->envname("FOREBAY_DATA")
        ->capture_default_str();
}

}  // namespace

void add_journal_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<JournalOptions>();
    auto* command = app.add_subcommand("journal", "Shows and checks the record of every call");
    command->require_subcommand(1);
    command->footer("Reads while the server runs.\nExample:\n  forebay journal list --limit 5");

    auto* list_command = command->add_subcommand("list", "Lists the newest calls, the newest last");
    list_command->footer(
        "Examples:\n  forebay journal list\n  forebay journal list --json --limit 100 --data data\n"
        "  forebay journal list --follow");
    list_command->add_option("--limit", options->limit, "At most so many")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
        ->capture_default_str();
    list_command->add_flag("--json", options->json, "Prints one record a line, as it is stored");
    list_command->add_flag("--follow", options->follow, "Goes on with new ones as they come");
    add_common(*list_command, *options);
    list_command->callback([options, &exit_code] { exit_code = list(*options); });

    auto* show_command = command->add_subcommand("show", "Shows one call by the id in its x-request-id header");
    show_command->footer("Example:\n  forebay journal show req_01jd8x3q0v9k2m4n6p8r0t2w4y");
    show_command->add_option("ID", options->id, "What the client got in x-request-id")->required();
    show_command->add_flag("--json", options->json, "Prints the record on one line, as it is stored");
    add_common(*show_command, *options);
    show_command->callback([options, &exit_code] { exit_code = show(*options); });

    auto* verify_command = command->add_subcommand("verify", "Checks every checksum and every sequence number");
    verify_command->footer("Exit code 1 when something is damaged.\nExample:\n  forebay journal verify --data data");
    verify_command->add_flag("--json", options->json, "Prints one JSON object");
    add_common(*verify_command, *options);
    verify_command->callback([options, &exit_code] { exit_code = verify(*options); });
}

}  // namespace forebay::app
