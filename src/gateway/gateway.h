// Gateway: the data plane's HTTP endpoints.
//
// Rule       /v1/*: any live key. /healthz and /readyz: open. /metrics: open to this machine, a key from
//            elsewhere.
// Threads    answer() on the connection's I/O thread; the rest from any thread.
#pragma once
#include <array>
#include <atomic>
#include <functional>

#include "gateway/token_endpoints.h"
#include "keys/key_ring.h"
#include "metrics/registry.h"
#include "net/exchange.h"
#include "serving/call.h"

namespace forebay::gateway {

class Gateway {
public:
    // All outlive the gateway.
    Gateway(const serving::Services& services, keys::KeyRing& keys, metrics::Registry& registry);

    exec::Task<void> answer(net::Exchange& exchange);

    // Until then /readyz says "starting".
    void set_started() { started_.store(true); }
    // From now on calls are refused with 503 and /readyz says "draining".
    void drain() { draining_.store(true); }

private:
    exec::Task<void> answer_call(openai::Endpoint endpoint, net::Exchange& exchange);
    exec::Task<void> answer_tokens(TokenEndpoint endpoint, net::Exchange& exchange);
    exec::Task<void> answer_models(net::Exchange& exchange, std::string_view path);
    exec::Task<void> answer_metrics(net::Exchange& exchange);
    net::Response readiness() const;

    const serving::Services& services_;
    keys::KeyRing& keys_;
    metrics::Registry& registry_;
    metrics::Counter& refused_keys_;
    std::array<metrics::Counter*, 4> tokenizations_;  // by TokenEndpoint
    std::atomic<bool> started_{false};
    std::atomic<bool> draining_{false};
};

}  // namespace forebay::gateway
