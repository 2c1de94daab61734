// Platform: the composition root of `forebay serve`. Builds everything in dependency order, reloads the
// configuration, stops in one order.
//
// Threads  open, run and stop on the main thread; reload from any pool thread.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "admin/admin.h"
#include "base/error.h"
#include "config/load.h"

namespace forebay::app {

struct ServeOptions {
    std::string config_file = "forebay.yaml";
    std::string data_folder = "data";
    std::optional<config::ListenAddress> listen;  // instead of the configuration's
};

class Platform {
public:
    // Opens the data folder (conflict: another server has it), the journal and the keys, binds the listener
    // and starts the runtimes. `settings` is what the file says now. Blocks.
    static Result<std::unique_ptr<Platform>> start_blocking(const ServeOptions& options, config::SettingsPtr settings);
    ~Platform();

    std::uint16_t port() const;
    const config::Settings& settings_at_start() const;

    // Reads the file again. What it cannot use leaves everything as it is and is listed.
    admin::Reloaded reload_blocking();

    // Refuses new work, drains, closes the listener, stops the workers, writes and closes the journal. Blocks.
    void stop_blocking();

private:
    struct Impl;
    explicit Platform(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace forebay::app
