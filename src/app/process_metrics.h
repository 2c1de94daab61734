// What modules below metrics/ count in plain structs, as Prometheus series.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "exec/io_threads.h"
#include "exec/pool.h"
#include "journal/journal.h"
#include "metrics/registry.h"
#include "net/http_server.h"
#include "runtime/fleet.h"

namespace forebay::app {

class ProcessMetrics {
public:
    // All outlive this object, which outlives the registry's last rendering.
    ProcessMetrics(metrics::Registry& registry, const net::HttpServer& server, const journal::Journal& journal,
                   const runtime::Fleet& fleet, exec::IoThreads& threads, const std::vector<const exec::Pool*>& pools);

private:
    void watch_server(const net::HttpServer& server);
    void watch_journal(const journal::Journal& journal);
    void watch_runtimes(const runtime::Fleet& fleet);
    void watch_process(const std::vector<const exec::Pool*>& pools);

    metrics::Registry& registry_;
};

}  // namespace forebay::app
