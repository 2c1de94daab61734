// Routes: which targets answer which model; built anew from each configuration revision.
//
// Threads  immutable; a call keeps the Routes that it was admitted with.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "exec/snapshot.h"
#include "providers/upstream.h"
#include "token_service/tokenizer_set.h"

namespace forebay::serving {

struct Route {
    std::string target;  // "provider:upstream" or "runtime:tiny", as records and metrics name it
    std::shared_ptr<providers::Provider> provider;  // null for a runtime
    std::string runtime;
    std::string model;  // the name to ask the target for
    token_service::TargetTokens tokens;
};

struct Routes {
    std::string revision;  // of the configuration
    bool record_content = true;
    std::map<std::string, std::vector<Route>, std::less<>> models;
    std::int64_t created_seconds = 0;  // what /v1/models reports
    std::uint64_t text_bytes_max = 0;  // of a body that is only counted or tokenized
};

using RoutesPtr = std::shared_ptr<const Routes>;
using RouteTable = exec::Snapshot<Routes>;

// Providers are taken from `known` where their settings are the same, so that their connections live on. A target that
// `tokens` lacks is not counted.
using Providers = std::map<std::string, std::shared_ptr<providers::Provider>>;
struct Built {
    RoutesPtr routes;
    Providers providers;
};
Result<Built> build_routes(exec::IoThreads& threads, const config::Settings& settings, const Providers& known,
                           const token_service::ModelTokens& tokens = {});

}  // namespace forebay::serving
