#include "gateway/readiness.h"

#include <algorithm>

#include "base/json.h"

namespace forebay::gateway {

net::Response readiness_response(bool started, bool draining, const std::vector<runtime::StatusPtr>& runtimes) {
    const bool loading = std::ranges::any_of(
        runtimes, [](const runtime::StatusPtr& one) { return one->state == runtime::State::loading; });
    const bool ready = started && !draining && !loading;
    net::Response response;
    response.status = ready ? 200 : 503;
    response.headers.add("content-type", "application/json");
    if (!ready) response.headers.add("retry-after", "1");
    json::ObjectWriter object(response.body);
    object.field("status", draining ? "draining" : ready ? "ready" : "starting");
    object.key("runtimes");
    json::ObjectWriter list(response.body);
    for (const auto& status : runtimes) {
        list.key(status->name);
        json::ObjectWriter runtime(response.body);
        runtime.field("state", runtime::name_of(status->state));
        if (!status->reason.empty()) runtime.field("reason", status->reason);
        if (status->state == runtime::State::loading) runtime.field("loaded", status->loaded_share);
        if (status->restarts > 0) runtime.field("restarts", status->restarts);
        if (status->pid > 0) runtime.field("pid", status->pid);
        if (!status->model_json.empty()) runtime.raw("model", status->model_json);
        runtime.close();
    }
    list.close();
    object.close();
    return response;
}

}  // namespace forebay::gateway
