#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "app/log_sink.h"
#include "app/platform.h"
#include "app/stop_signals.h"
#include "app/version.h"
#include "base/log.h"
#include "config/addresses.h"
#include "config/load.h"

namespace forebay::app {
namespace {

struct Options {
    std::string config_file = "forebay.yaml";
    std::string data_folder = "data";
    std::string listen;
};

int serve(const Options& options) {
    block_signals();
    const auto loaded = config::load_blocking(options.config_file);
    if (!loaded) {
        std::fprintf(stderr, "%s\n", config::to_string(loaded.error()).c_str());
        return exit_usage;
    }
    install_log_sink((*loaded)->log);
    ServeOptions serve_options{options.config_file, options.data_folder, std::nullopt};
    if (!options.listen.empty()) {
        auto listen = config::parse_listen(options.listen);
        if (!listen) {
            std::fprintf(stderr, "--listen %s\n", listen.error().message.c_str());
            return exit_usage;
        }
        serve_options.listen = *listen;
    }
    auto platform = Platform::start_blocking(serve_options, *loaded);
    if (!platform) {
        std::fprintf(stderr, "error: %s\n", platform.error().message.c_str());
        return platform.error().code == Code::invalid_argument ? exit_usage : exit_failed;
    }
    auto listen = serve_options.listen.value_or((*loaded)->listen);
    listen.port = (*platform)->port();
    std::printf("listening on %s://%s\n", (*loaded)->tls ? "https" : "http", config::format_listen(listen).c_str());
    std::fflush(stdout);
    log::info("forebay {} serves {} models from {}, data in {}", version, (*loaded)->models.size(), options.config_file,
              options.data_folder);
    while (wait_for_signal_blocking() == SignalKind::reload) (*platform)->reload_blocking();
    log::info("stopping: calls under way may finish");
    (*platform)->stop_blocking();
    log::info("stopped");
    return exit_done;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("serve", "Runs the gateway, the control plane and the runtimes");
    command->footer(
        "Example:\n  forebay serve --config forebay.yaml --data data\n\n"
        "SIGHUP reads the configuration again; SIGTERM drains and stops.");
    command->add_option("--config", options->config_file, "The configuration")->capture_default_str();
    command->add_option("--data", options->data_folder, "The data folder, made when it is missing")
        ->envname("FOREBAY_DATA")
        ->capture_default_str();
    command->add_option("--listen", options->listen, "HOST:PORT instead of the configuration's; port 0 picks one");
    command->callback([options, &exit_code] { exit_code = serve(*options); });
}

}  // namespace forebay::app
