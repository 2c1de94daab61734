#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "app/commands.h"
#include "app/log_sink.h"
#include "app/model_card.h"
#include "app/stop_signals.h"
#include "base/json.h"
#include "base/log.h"
#include "config/addresses.h"
#include "engine/engine.h"
#include "runtime/child_process.h"
#include "runtime/worker.h"

namespace forebay::app {
namespace {

constexpr std::chrono::seconds drain{10};

struct Options {
    engine::EngineSettings engine;
    std::string name;
    std::string listen = "127.0.0.1:0";
    std::string log_level = "warning";
    bool supervised = false;
};

// What the worker tells its supervisor: one JSON object a line; or a person: a sentence.
class Announcer {
public:
    explicit Announcer(bool supervised) : supervised_(supervised) {}

    void listening(const std::string& url) {
        if (supervised_) {
            event("listening", "url", json::quote(url));
        } else {
            print("listening on " + url);
        }
    }
    void loading(float share) {
        if (supervised_) event("loading", "share", fmt::format("{:.3f}", share));
    }
    void ready(const engine::ModelInfo& model) {
        if (supervised_) {
            event("ready", "model", model_json(model));
        } else {
            print("ready: " + model.description + ", CPU variant " + model.cpu_variant);
        }
    }
    void failed(const std::string& reason) {
        if (supervised_) event("failed", "reason", json::quote(reason));
    }

private:
    void event(std::string_view name, std::string_view field, const std::string& value) {
        print(fmt::format(R"({{"event":"{}","{}":{}}})", name, field, value));
    }
    void print(const std::string& line) {
        std::printf("%s\n", line.c_str());
        std::fflush(stdout);
    }
    const bool supervised_;
};

// Turns the end of standard input, which is the end of the supervisor or its wish, into SIGTERM, so that
// there is one way to stop. A killed supervisor leaves no worker behind.
class SupervisorWatch {
public:
    SupervisorWatch() : thread_([](const std::stop_token& stop) { watch(stop); }) {}

private:
    static void watch(const std::stop_token& stop) {
        constexpr int look_again_ms = 200;
        char bytes[64];
        while (!stop.stop_requested()) {
            pollfd input{STDIN_FILENO, POLLIN, 0};
            if (::poll(&input, 1, look_again_ms) <= 0) continue;
            if (::read(STDIN_FILENO, bytes, sizeof bytes) > 0) continue;
            ::kill(::getpid(), SIGTERM);
            return;
        }
    }
    std::jthread thread_;
};

// The best CPU back end that proves itself; the choice is left in the environment, where the engine looks.
void choose_cpu_variant(const std::string& backend_folder) {
    if (std::getenv("FOREBAY_CPU_VARIANT")) return;
    for (const auto& variant : engine::probe_cpu_variants_blocking(runtime::own_executable(), backend_folder)) {
        if (variant.proven) {
            ::setenv("FOREBAY_CPU_VARIANT", variant.name.c_str(), 1);
            return;
        }
        if (variant.score > 0) {
            log::warning("the CPU back end '{}' is not used: {}", variant.name, variant.reason);
        }
    }
}

int run_worker(const Options& options) {
    block_signals();
    config::LogSettings log_settings;
    log_settings.level = options.log_level;
    install_log_sink(log_settings);
    auto listen = config::parse_listen(options.listen);
    if (!listen) {
        std::fprintf(stderr, "--listen %s\n", listen.error().message.c_str());
        return exit_usage;
    }
    Announcer announcer(options.supervised);
    std::optional<SupervisorWatch> supervisor;
    if (options.supervised) supervisor.emplace();

    runtime::WorkerOptions worker_options{.name = options.name, .listen = *listen, .limits = {}, .key = {}};
    if (const char* key = std::getenv("FOREBAY_WORKER_KEY")) worker_options.key = config::Secret(key);
    runtime::Worker worker(std::move(worker_options));
    auto port = worker.start_blocking();
    if (!port) {
        std::fprintf(stderr, "error: %s\n", port.error().message.c_str());
        return exit_failed;
    }
    listen->port = *port;
    announcer.listening("http://" + config::format_listen(*listen));
    choose_cpu_variant(options.engine.backend_folder);
    auto engine = engine::Engine::open_blocking(options.engine, [&](float share) {
        announcer.loading(share);
        return true;
    });
    int exit_code = exit_done;
    if (engine) {
        worker.serve_model(**engine);
        announcer.ready((*engine)->model());
    } else {
        std::fprintf(stderr, "error: %s\n", engine.error().message.c_str());
        announcer.failed(engine.error().message);
        worker.fail_model(engine.error().message);
        exit_code = exit_failed;
    }
    if (engine) {
        while (wait_for_signal_blocking() != SignalKind::stop) {
        }
    }
    worker.stop_blocking(drain);
    if (engine) (*engine)->stop_blocking();
    return exit_code;
}

}  // namespace

void add_worker_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    auto& engine = options->engine;
    auto* command =
        app.add_subcommand("worker", "Serves one GGUF model in this process (serve starts these by itself)");
    command->footer(
        "Example:\n  forebay worker --model models/tiny.gguf --name tiny --listen 127.0.0.1:9100\n\n"
        "Callers need the key in the environment variable FOREBAY_WORKER_KEY, when it is set.");
    command->add_option("--model", engine.model_file, "The GGUF file")->required();
    command->add_option("--name", options->name, "What clients call the model")->required();
    command->add_option("--listen", options->listen, "HOST:PORT; port 0 picks one")->capture_default_str();
    command->add_option("--slots", engine.slots, "Calls decoded at once")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command->add_option("--context-tokens", engine.context_tokens, "KV cells shared by all slots")
        ->check(CLI::Range(64, 1 << 24))
        ->capture_default_str();
    command->add_option("--threads", engine.threads, "Compute threads; 0: one per physical core")
        ->capture_default_str();
    command->add_option("--queue-calls", engine.queue_calls, "Calls that may wait for a slot")->capture_default_str();
    command->add_option("--batch-tokens", engine.batch_tokens, "Tokens per decode step")
        ->check(CLI::Range(1, 1 << 16))
        ->capture_default_str();
    command->add_option("--gpu-layers", engine.gpu_layers, "Layers for a GPU; -1: all")->capture_default_str();
    command->add_option("--backends", engine.backend_folder,
                        "Folder of the compute back ends; beside libllama when empty");
    command->add_option("--log-level", options->log_level, "debug, info, warning or error")->capture_default_str();
    command->add_flag("--supervised", options->supervised,
                      "Speak JSON lines to a supervisor and stop with standard input");
    command->callback([options, &exit_code] { exit_code = run_worker(*options); });

    // The other side of the CPU back ends' proof: not for people.
    auto file = std::make_shared<std::string>();
    auto* prove = app.add_subcommand("prove-cpu", "Proves one CPU back end (used by worker and doctor)")->group("");
    prove->add_option("file", *file, "The back end")->required();
    prove->callback([file, &exit_code] { exit_code = engine::prove_cpu_main(*file); });
}

}  // namespace forebay::app
