// How fast the journal acknowledges records: appends/s and the time of one append, by sync mode and by how
// many calls append at the same time.
//
// Estimate before measuring: one record of 2 KiB costs a checksum (0.1 us), two copies (0.2 us), a share of
// one write (2 us) and, when the writer sleeps, a futex call and a switch (5 us) each way. So one caller
// alone should see about 15 us, and 64 together well over 100,000 appends/s, except with `always`, where a
// batch costs one fdatasync of the disk.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/journal.h"

namespace {

using namespace forebay;
using config::JournalSync;

struct Options {
    std::string folder;
    std::size_t record_bytes = 2048;
    double seconds = 1.0;
};

constexpr std::size_t concurrencies[] = {1, 16, 64};

struct Mode {
    JournalSync sync;
    const char* name;
};
constexpr Mode modes[] = {
    {JournalSync::always, "always"}, {JournalSync::interval, "interval"}, {JournalSync::none, "none"}};

struct Run {
    const Options& options;
    journal::Journal& journal;
    SteadyClock::time_point end;
    std::vector<std::uint32_t> micros;  // of each append
    std::size_t failures = 0;
};

exec::Task<void> append_until_the_end(Run& run) {
    for (auto now = SteadyClock::now(); now < run.end;) {
        std::string record(run.options.record_bytes, 'x');
        const auto written = co_await run.journal.append(std::move(record));
        const auto then = SteadyClock::now();
        const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(then - now);
        run.micros.push_back(static_cast<std::uint32_t>(took.count() / 100));
        run.failures += written ? 0 : 1;
        now = then;
    }
}

void on_end(const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
}

bool measure(const Options& options, const Mode& mode, std::size_t concurrency) {
    std::filesystem::remove_all(options.folder);
    config::JournalSettings settings;
    settings.sync = mode.sync;
    auto journal = journal::Journal::open_blocking(options.folder, settings);
    if (!journal) {
        std::fprintf(stderr, "error: %s\n", journal.error().message.c_str());
        return false;
    }
    boost::asio::io_context io(1);
    const auto start = SteadyClock::now();
    const auto span = std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(options.seconds));
    Run run{options, **journal, start + span, {}, 0};
    for (std::size_t i = 0; i < concurrency; ++i) boost::asio::co_spawn(io, append_until_the_end(run), on_end);
    io.run();
    const double took = std::chrono::duration<double>(SteadyClock::now() - start).count();
    (*journal)->stop_blocking();
    const auto stats = (*journal)->stats();

    std::ranges::sort(run.micros);
    const auto at = [&](double share) {
        const auto index = static_cast<std::size_t>(share * static_cast<double>(run.micros.size() - 1));
        return static_cast<double>(run.micros[index]) / 10.0;
    };
    std::printf("%-8s  %5zu  %10.0f  %9.1f  %9.1f  %9.1f  %7.1f\n", mode.name, concurrency,
                static_cast<double>(run.micros.size()) / took, at(0.5), at(0.99), at(1.0),
                static_cast<double>(stats.records) / static_cast<double>(std::max<std::uint64_t>(stats.batches, 1)));
    return run.failures == 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    options.folder = (std::filesystem::temp_directory_path() / "forebay-journal-bench").string();
    CLI::App app{"Measures how fast the journal acknowledges records, from one I/O thread.", "journal_bench"};
    app.footer("Example:\n  journal_bench --record-bytes 4096 --seconds 5");
    app.add_option("--folder", options.folder, "Made anew for each run and removed; put it on the disk to measure")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--record-bytes", options.record_bytes, "Size of a record")->capture_default_str();
    app.add_option("--seconds", options.seconds, "How long each line is measured")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    std::printf("records of %zu bytes\n%-8s  %5s  %10s  %9s  %9s  %9s  %7s\n", options.record_bytes, "sync", "calls",
                "appends/s", "p50 us", "p99 us", "max us", "group");
    bool good = true;
    for (const Mode& mode : modes)
        for (const std::size_t concurrency : concurrencies) good = measure(options, mode, concurrency) && good;
    std::filesystem::remove_all(options.folder);
    return good ? 0 : 1;
}
