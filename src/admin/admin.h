// Admin: the control plane's HTTP endpoints under /api/v1.
//
// Rule       every endpoint needs a key whose role is admin.
// Threads    answer() on the connection's I/O thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "keys/key_ring.h"
#include "net/exchange.h"

namespace forebay::admin {

// What a reload did.
struct Reloaded {
    std::string revision;               // in force now
    std::vector<std::string> problems;  // why it is not the file's, each with file:line:column; empty: it is
    std::vector<std::string> restart;   // settings that differ and take effect on a restart only
};

// The composition root as the control plane needs it. Each blocks and runs on a pool.
struct Platform {
    std::function<exec::Task<Result<Reloaded>>()> reload;
    std::function<std::string()> config_yaml;  // effective, without secrets
    std::function<std::string()> config_revision;
};

class Admin {
public:
    Admin(keys::KeyRing& keys, Platform platform);

    // Whether `path` is this plane's.
    static bool owns(std::string_view path) { return path.starts_with("/api/"); }
    exec::Task<void> answer(net::Exchange& exchange);

private:
    exec::Task<Result<net::Response>> respond(net::Exchange& exchange);
    exec::Task<Result<net::Response>> reload();

    keys::KeyRing& keys_;
    const Platform platform_;
};

}  // namespace forebay::admin
