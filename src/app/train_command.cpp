#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/registry_command.h"
#include "app/train_text.h"
#include "app/version.h"
#include "config/load.h"
#include "exec/io_threads.h"
#include "gradients/device.h"
#include "storage/data_folder.h"
#include "training/local_driver.h"
#include "training/progress_line.h"
#include "training/run_training.h"
#include "training/score.h"
#include "training/training_data.h"

namespace forebay::app {
namespace {

using namespace training;

struct TrainOptions {
    std::string data = "data";
    std::string recipe;
    std::string id = "last";
    std::string file;
    std::string type = "q8_0";
    std::string model;
    std::string rows_file;
    std::uint32_t rows = 0;
    bool json = false;
    bool no_gpu = false;
};

// Set by SIGINT or SIGTERM: the run writes a checkpoint and ends. A second signal ends the program at once.
std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void ask_to_stop(int) { stop_asked = true; }

void stop_on_signals() {
    struct sigaction action{};
    action.sa_handler = ask_to_stop;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

std::size_t terminal_columns() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

ProgressLine make_progress_line() {
    ProgressOutput output;
    output.write = [](std::string_view text) { print_text(stderr, text); };
    output.is_terminal = isatty(STDERR_FILENO) == 1;
    output.columns = terminal_columns;
    return ProgressLine(std::move(output));
}

// Started I/O threads for one command.
class OpenThreads {
public:
    OpenThreads() : threads_(1) { threads_.start(); }
    ~OpenThreads() { threads_.stop_blocking(); }
    OpenThreads(const OpenThreads&) = delete;
    OpenThreads& operator=(const OpenThreads&) = delete;
    exec::IoThreads& get() { return threads_; }

private:
    exec::IoThreads threads_;
};

int train(const TrainOptions& options, const Recipe& recipe, RunFolder& folder) {
    auto open = open_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    stop_on_signals();
    OpenThreads threads;
    ProgressLine line = make_progress_line();
    Progress progress;
    progress.on_line = [&](const std::string& text) { line.say(text); };
    progress.on_step = [&](const CurvePoint& point, const RunState& state) { line.update(point, state); };
    progress.stop_asked = [] { return stop_asked.load(); };
    Workshop workshop{*open->registry, threads.get(), std::string(version), !options.no_gpu, true};
    line.say("run " + folder.state().id);
    const auto state = run_training_blocking(recipe, folder, workshop, progress);
    line.finish();
    if (!state) {
        if (options.json) print_text(stdout, run_json(folder.state()) + "\n");
        return say_failed(state.error());
    }
    print_text(stdout, options.json ? run_json(*state) + "\n" : run_page(*state, folder.path()));
    return exit_done;
}

int say_problems(const std::vector<config::Problem>& problems) {
    print_text(stderr, config::to_string(problems) + "\n");
    return exit_usage;
}

int run(const TrainOptions& options) {
    const auto recipe = load_recipe_blocking(options.recipe);
    if (!recipe) return say_problems(recipe.error());
    const storage::DataFolder folder{options.data};
    if (auto made = folder.create_blocking(); !made) return say_failed(made.error());
    auto run_folder = RunFolder::create_blocking(folder.training(), recipe->name, to_yaml(*recipe));
    if (!run_folder) return say_failed(run_folder.error());
    return train(options, *recipe, **run_folder);
}

struct OpenRun {
    std::unique_ptr<RunFolder> folder;
    Recipe recipe;
};

// The run `options.id` with its recipe, locked for this command.
std::expected<OpenRun, int> open_run_blocking(const TrainOptions& options) {
    const storage::DataFolder folder{options.data};
    const auto found = find_run_blocking(folder.training(), options.id);
    if (!found) return std::unexpected(say_failed(found.error()));
    auto run_folder = RunFolder::open_blocking(folder.training(), found->id);
    if (!run_folder) return std::unexpected(say_failed(run_folder.error()));
    const std::string name = (*run_folder)->path() + "/recipe.yaml";
    auto recipe = parse_recipe((*run_folder)->recipe_yaml_blocking(), name, config::system_sources());
    if (!recipe) return std::unexpected(say_problems(recipe.error()));
    return OpenRun{std::move(*run_folder), std::move(*recipe)};
}

int resume(const TrainOptions& options) {
    auto open = open_run_blocking(options);
    if (!open) return open.error();
    return train(options, open->recipe, *open->folder);
}

int list(const TrainOptions& options) {
    const auto runs = list_runs_blocking(storage::DataFolder{options.data}.training());
    if (!runs) return say_failed(runs.error());
    if (options.json) {
        for (const RunState& state : *runs) print_text(stdout, run_json(state) + "\n");
    } else {
        print_text(stdout, runs->empty() ? "There are no runs yet. Start one: forebay train run recipe.yaml\n"
                                         : run_table(*runs));
    }
    return exit_done;
}

int show(const TrainOptions& options) {
    const std::string training = storage::DataFolder{options.data}.training();
    const auto state = find_run_blocking(training, options.id);
    if (!state) return say_failed(state.error());
    print_text(stdout, options.json ? run_json(*state) + "\n" : run_page(*state, training + "/" + state->id));
    return exit_done;
}

int export_model(const TrainOptions& options) {
    auto open = open_run_blocking(options);
    if (!open) return open.error();
    auto registry = open_registry_blocking(options.data);
    if (!registry) return say_failed(registry.error());
    const auto base = find_base_blocking(open->recipe, *registry->registry);
    if (!base) return say_failed(base.error());
    const LocalDriver driver(LocalOptions{*base, false, false});
    const auto written = driver.export_blocking(open->recipe, *open->folder, options.type, options.file);
    if (!written) return say_failed(written.error());
    print_text(stdout, fmt::format("{}: {}, {}\n", options.file, options.type,
                                   size_text(std::filesystem::file_size(options.file))));
    return exit_done;
}

// A file, or what the registry holds under a reference.
Result<std::string> find_model_file_blocking(const TrainOptions& options) {
    if (std::filesystem::exists(options.model)) return options.model;
    FOREBAY_TRY(const auto open, open_existing_registry_blocking(options.data));
    FOREBAY_TRY(const registry::Version version, open.registry->find_blocking(options.model));
    return version.file;
}

int score(const TrainOptions& options) {
    const auto model = find_model_file_blocking(options);
    if (!model) return say_failed(model.error());
    auto rows = read_rows_or_fail_blocking(options.rows_file, Format::chat);
    if (!rows) return say_failed(rows.error());
    if (options.rows != 0 && options.rows < rows->size()) rows->resize(options.rows);
    ScoreOptions settings;
    settings.model_file = *model;
    const bool terminal = isatty(STDERR_FILENO) == 1;
    settings.on_row = [&](std::uint64_t done, std::uint64_t of) {
        if (terminal) print_text(stderr, fmt::format("\r{} of {} rows", done, of));
    };
    const auto result = score_blocking(settings, *rows);
    if (terminal) print_text(stderr, "\r\x1b[K");
    if (!result) return say_failed(result.error());
    print_text(stdout, options.json ? to_json(*result) + "\n" : score_page(*result));
    return exit_done;
}

void add_data_and_json(CLI::App& command, TrainOptions& options) {
    command.add_option("--data", options.data, "The data folder")
        ->type_name("DIR")
        ->envname("FOREBAY_DATA")
        ->capture_default_str();
    command.add_flag("--json", options.json, "Prints one JSON object a line");
}

void add_id(CLI::App& command, TrainOptions& options) {
    command.add_option("ID", options.id, "A run's id, the beginning of one, or last")->capture_default_str();
}

void add_runners(CLI::App& command, const std::shared_ptr<TrainOptions>& options, int& exit_code) {
    auto* run_command = command.add_subcommand("run", "Trains what a recipe says, scores it and registers the result");
    run_command->footer(
        "Ctrl-C writes a checkpoint first; resume goes on from there, also after a crash.\n"
        "Example:\n  forebay train run examples/demo/triage/finetune.yaml");
    run_command->add_option("RECIPE", options->recipe, "A YAML file; docs/guide/training.md lists its keys")
        ->required()
        ->type_name("FILE");
    run_command->add_flag("--no-gpu", options->no_gpu, "Uses the processor even where there is a GPU");
    add_data_and_json(*run_command, *options);
    run_command->callback([options, &exit_code] { exit_code = run(*options); });

    auto* resume_command = command.add_subcommand("resume", "Goes on with a run from its newest checkpoint");
    resume_command->footer(
        "Ends in the same loss curve as a run that was never interrupted.\nExample:\n  forebay train resume last");
    add_id(*resume_command, *options);
    resume_command->add_flag("--no-gpu", options->no_gpu, "Uses the processor even where there is a GPU");
    add_data_and_json(*resume_command, *options);
    resume_command->callback([options, &exit_code] { exit_code = resume(*options); });
}

void add_readers(CLI::App& command, const std::shared_ptr<TrainOptions>& options, int& exit_code) {
    auto* list_command = command.add_subcommand("list", "Lists all runs, newest first");
    list_command->footer("Example:\n  forebay train list");
    add_data_and_json(*list_command, *options);
    list_command->callback([options, &exit_code] { exit_code = list(*options); });

    auto* show_command = command.add_subcommand("show", "Shows one run: progress, losses, scores, files");
    show_command->footer("Example:\n  forebay train show last --json");
    add_id(*show_command, *options);
    add_data_and_json(*show_command, *options);
    show_command->callback([options, &exit_code] { exit_code = show(*options); });

    auto* export_command = command.add_subcommand("export", "Writes a local run's model as a GGUF of another type");
    export_command->footer(
        "An adapter is merged into its base.\nExample:\n  forebay train export last --type f16 triage-f16.gguf");
    export_command->add_option("ID", options->id, "A run's id, the beginning of one, or last")->required();
    export_command->add_option("FILE", options->file, "Where it goes")->required()->type_name("FILE");
    export_command->add_option("--type", options->type, "Of the matrices")
        ->check(CLI::IsMember({"f32", "f16", "q8_0"}))
        ->capture_default_str();
    add_data_and_json(*export_command, *options);
    export_command->callback([options, &exit_code] { exit_code = export_model(*options); });

    auto* score_command = command.add_subcommand("score", "Compares a model's greedy answers with a dataset's");
    score_command->footer("Example:\n  forebay train score models/triage.gguf heldout.jsonl");
    score_command->add_option("MODEL", options->model, "A GGUF file, or a reference of the registry")->required();
    score_command->add_option("ROWS", options->rows_file, "JSONL of chats; the last message is what is expected")
        ->required()
        ->type_name("FILE");
    score_command->add_option("--rows", options->rows, "At most so many; 0: all")->capture_default_str();
    add_data_and_json(*score_command, *options);
    score_command->callback([options, &exit_code] { exit_code = score(*options); });
}

}  // namespace

void add_train_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<TrainOptions>();
    auto* command = app.add_subcommand("train", "Trains and fine-tunes models from recipes");
    command->require_subcommand(1);
    command->footer("Example:\n  forebay train run recipe.yaml\n  forebay train show last");
    add_runners(*command, options, exit_code);
    add_readers(*command, options, exit_code);
}

}  // namespace forebay::app
