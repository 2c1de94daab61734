#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "base/json.h"
#include "config/load.h"
#include "token_service/tokenizer_sources.h"

namespace forebay::app {
namespace {

struct ConfigOptions {
    std::string file = "forebay.yaml";
    bool json = false;
};

void print(std::FILE* out, std::string_view text) { std::fwrite(text.data(), 1, text.size(), out); }

std::string counted(std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string problem_json(const config::Problem& problem) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("file", problem.file);
    object.field("line", problem.line);
    object.field("column", problem.column);
    object.field("message", problem.message);
    object.close();
    return out;
}

// {"ok":false,"problems":[…]} or {"ok":true,"revision":…,"models":2,…,"problems":[]}
std::string report_json(const ConfigOptions& options, const config::Loaded& loaded) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("ok", loaded.has_value());
    object.field("file", options.file);
    if (loaded) {
        object.field("revision", (*loaded)->revision);
        object.field("models", (*loaded)->models.size());
        object.field("providers", (*loaded)->providers.size());
        object.field("runtimes", (*loaded)->runtimes.size());
        object.raw("problems", "[]");
    } else {
        std::string problems;
        for (const auto& problem : loaded.error()) problems += (problems.empty() ? "[" : ",") + problem_json(problem);
        object.raw("problems", problems + "]");
    }
    object.close();
    return out + "\n";
}

// The file, and the tokenizers that its models name: a server would not take it without them.
config::Loaded load_with_tokenizers(const std::string& file) {
    auto loaded = config::load_blocking(file);
    if (!loaded) return loaded;
    token_service::TokenizerSet tokenizers(token_service::system_sources({}));
    std::vector<config::Problem> problems;
    for (const auto& [name, model] : (*loaded)->models) {
        if (model.tokenizer.empty()) continue;
        const auto opened = tokenizers.counter_of_tokenizer_blocking(model.tokenizer, name);
        if (opened) continue;
        problems.push_back({file, 0, 0, fmt::format("models.{}.tokenizer: {}", name, opened.error().message)});
    }
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return loaded;
}

int check(const ConfigOptions& options) {
    const auto loaded = load_with_tokenizers(options.file);
    if (options.json) {
        print(stdout, report_json(options, loaded));
    } else if (loaded) {
        const config::Settings& settings = **loaded;
        print(stdout,
              fmt::format("{} is good: {}, {}, {}; revision {}\n", options.file,
                          counted(settings.models.size(), "model"), counted(settings.providers.size(), "provider"),
                          counted(settings.runtimes.size(), "runtime"), settings.revision));
    } else {
        print(stderr, config::to_string(loaded.error()) + "\n");
    }
    return loaded ? exit_done : exit_usage;
}

int show(const ConfigOptions& options) {
    const auto loaded = config::load_blocking(options.file);
    if (!loaded) {
        print(stderr, config::to_string(loaded.error()) + "\n");
        return exit_usage;
    }
    print(stdout, fmt::format("# {}, revision {}\n{}", options.file, (*loaded)->revision, config::to_yaml(**loaded)));
    return exit_done;
}

void add_file_option(CLI::App& command, ConfigOptions& options) {
    command.add_option("--config", options.file, "The configuration file")->type_name("FILE")->capture_default_str();
}

}  // namespace

void add_config_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ConfigOptions>();
    auto* command = app.add_subcommand("config", "Checks or shows a configuration file");
    command->require_subcommand(1);

    auto* check_command = command->add_subcommand("check", "Reports every problem of the file with its place");
    check_command->footer("Example:\n  forebay config check --config forebay.yaml");
    add_file_option(*check_command, *options);
    check_command->add_flag("--json", options->json, "Prints one JSON object");
    check_command->callback([options, &exit_code] { exit_code = check(*options); });

    auto* show_command = command->add_subcommand("show", "Prints the settings in effect, with secrets hidden");
    show_command->footer("Example:\n  forebay config show --config forebay.yaml");
    add_file_option(*show_command, *options);
    show_command->callback([options, &exit_code] { exit_code = show(*options); });
}

}  // namespace forebay::app
