// forebay: one program, one subcommand per job.
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/version.h"
#include "engine/engine.h"

namespace {

int run(int argc, char** argv) {
    using namespace forebay::app;
    int exit_code = exit_done;
    CLI::App app{"Forebay: AI gateway, prompts, runtimes and records in one program.", "forebay"};
    app.footer(
        "Start here:\n  forebay serve --config forebay.yaml\n  forebay key create --name me\n"
        "Each command has --help with an example. Exit codes: 0 done, 1 failed, 2 bad usage or configuration, "
        "3 a gate said no.");
    app.set_version_flag("--version",
                         [] { return "forebay " + std::string(version) + "\n" + forebay::engine::llama_version(); });
    app.require_subcommand(1);
    add_serve_command(app, exit_code);
    add_worker_command(app, exit_code);
    add_chat_command(app, exit_code);
    add_key_command(app, exit_code);
    add_config_command(app, exit_code);
    add_train_command(app, exit_code);
    add_tokenize_command(app, exit_code);
    add_journal_command(app, exit_code);
    add_model_command(app, exit_code);
    add_dataset_command(app, exit_code);
    add_doctor_command(app, exit_code);
    add_completion_command(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Help and version are "errors" with code 0 here.
        return app.exit(error) == 0 ? exit_done : exit_usage;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& bug) {
        std::fprintf(stderr, "error: unexpected: %s\n", bug.what());
        return forebay::app::exit_failed;
    }
}
