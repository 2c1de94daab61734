#include "app/process_metrics.h"

#include <unistd.h>

#include <fstream>

#include "app/version.h"

namespace forebay::app {
namespace {

// Resident memory in bytes, from the second field of /proc/self/statm.
double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double pages_all = 0, pages_resident = 0;
    statm >> pages_all >> pages_resident;
    return pages_resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessMetrics::ProcessMetrics(metrics::Registry& registry, const net::HttpServer& server,
                               const journal::Journal& journal, const runtime::Fleet& fleet, exec::IoThreads& threads,
                               const std::vector<const exec::Pool*>& pools)
    : registry_(registry) {
    watch_server(server);
    watch_journal(journal);
    watch_runtimes(fleet);
    watch_process(pools);
    auto& delay = registry_.gauge("forebay_io_loop_delay_seconds",
                                  "Longest an I/O thread was held by one handler, since the last scrape.");
    registry_.before_render([&delay, &threads] {
        std::chrono::microseconds longest{0};
        for (std::size_t i = 0; i < threads.size(); ++i)
            longest = std::max(longest, threads[i].watches().take_loop_delay());
        delay.Set(std::chrono::duration<double>(longest).count());
    });
}

void ProcessMetrics::watch_server(const net::HttpServer& server) {
    auto& r = registry_;
    auto& accepted = r.counter("forebay_http_connections_total", "Connections accepted.");
    auto& refused =
        r.counter("forebay_http_connections_refused_total", "Connections closed at once: over connections_max.");
    auto& open = r.gauge("forebay_http_connections_open", "Connections open now.");
    auto& requests = r.counter("forebay_http_requests_total", "Requests read whole.");
    auto& malformed = r.counter("forebay_http_requests_malformed_total", "Requests refused before they were whole.");
    auto& slow =
        r.counter("forebay_http_slow_clients_total", "Connections cut for not reading or not sending in time.");
    r.before_render([&] {
        const auto& stats = server.stats();
        metrics::raise_to(accepted, static_cast<double>(stats.connections_accepted.load()));
        metrics::raise_to(refused, static_cast<double>(stats.connections_refused.load()));
        open.Set(static_cast<double>(stats.connections_open.load()));
        metrics::raise_to(requests, static_cast<double>(stats.requests.load()));
        metrics::raise_to(malformed, static_cast<double>(stats.requests_malformed.load()));
        metrics::raise_to(slow, static_cast<double>(stats.slow_clients.load()));
    });
}

void ProcessMetrics::watch_journal(const journal::Journal& journal) {
    auto& r = registry_;
    auto& records = r.counter("forebay_journal_records_total", "Records written.");
    auto& bytes = r.counter("forebay_journal_bytes_total", "Bytes written.");
    auto& batches = r.counter("forebay_journal_batches_total", "Writes; records by batches is the group size.");
    auto& queued = r.gauge("forebay_journal_queued_bytes", "Bytes waiting to be written.");
    auto& refused = r.counter("forebay_journal_refused_total", "Records refused because the queue was full.");
    auto& failures = r.counter("forebay_journal_failures_total", "Writes and syncs that the kernel refused.");
    auto& segments = r.gauge("forebay_journal_segments", "Segment files.");
    auto& sync = r.gauge("forebay_journal_last_sync_seconds", "How long the last sync took.");
    r.before_render([&] {
        const auto stats = journal.stats();
        metrics::raise_to(records, static_cast<double>(stats.records));
        metrics::raise_to(bytes, static_cast<double>(stats.bytes));
        metrics::raise_to(batches, static_cast<double>(stats.batches));
        queued.Set(static_cast<double>(stats.queued_bytes));
        metrics::raise_to(refused, static_cast<double>(stats.refused));
        metrics::raise_to(failures, static_cast<double>(stats.failures));
        segments.Set(static_cast<double>(stats.segments));
        sync.Set(static_cast<double>(stats.last_sync_micros) / 1e6);
    });
}

void ProcessMetrics::watch_runtimes(const runtime::Fleet& fleet) {
    registry_.before_render([this, &fleet] {
        for (const auto& status : fleet.all()) {
            const metrics::Labels which{{"runtime", status->name}};
            auto& up = registry_.gauge("forebay_runtime_ready", "1 while the runtime answers calls.", which);
            up.Set(status->state == runtime::State::ready ? 1 : 0);
            auto& restarts =
                registry_.counter("forebay_runtime_restarts_total", "Times its worker was started again.", which);
            metrics::raise_to(restarts, static_cast<double>(status->restarts));
        }
    });
}

void ProcessMetrics::watch_process(const std::vector<const exec::Pool*>& pools) {
    auto& r = registry_;
    r.gauge("forebay_build_info", "Always 1; the version is a label.", {{"version", std::string(version)}}).Set(1);
    auto& memory = r.gauge("forebay_resident_memory_bytes", "Resident memory of this process, without its workers.");
    r.before_render([&memory] { memory.Set(resident_bytes()); });
    for (const exec::Pool* pool : pools) {
        auto& waiting = r.gauge("forebay_pool_jobs", "Jobs waiting or running on a pool.", {{"pool", pool->name()}});
        r.before_render([&waiting, pool] { waiting.Set(pool->waiting()); });
    }
}

}  // namespace forebay::app
