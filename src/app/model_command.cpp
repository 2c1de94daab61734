#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/gguf_facts.h"
#include "app/registry_command.h"
#include "app/registry_text.h"
#include "app/version.h"
#include "base/json.h"

namespace forebay::app {
namespace {

using registry::Kind;

constexpr Kind model_kinds[] = {Kind::model, Kind::adapter};

struct ModelOptions : RegistryOptions {
    std::string name;
    std::string file;
    std::string base;
};

int add(const ModelOptions& options) {
    const auto facts = read_gguf_facts_blocking(options.file);
    if (!facts) return say_failed(facts.error());
    auto open = open_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    registry::Origin origin;
    origin.source = "imported from " + std::filesystem::path(options.file).filename().string();
    origin.code_version = version;
    origin.details_json = to_json(*facts);
    if (!options.base.empty()) {
        const auto base = find_of_kind_blocking(*open->registry, options.base, model_kinds);
        if (!base) return say_failed(base.error());
        origin.base_digest = base->digest;
    }
    const auto added = open->registry->add_blocking(facts->kind, options.name, options.file, origin);
    if (!added) return say_failed(added.error());
    if (options.json) {
        print_text(stdout, to_json(*added) + "\n");
    } else {
        print_text(stdout, fmt::format("{} is {}, {}: {}\nsha256:{}\n", added->reference(),
                                       facts->kind == Kind::model ? "a model" : "an adapter", size_text(added->bytes),
                                       to_line(*facts), added->digest));
    }
    return exit_done;
}

int verify(const ModelOptions& options) {
    auto open = open_existing_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    const auto all = open->registry->list_blocking(std::nullopt);
    if (!all) return say_failed(all.error());
    const auto damaged = open->registry->verify_blocking();
    if (!damaged) return say_failed(damaged.error());
    const int code = damaged->empty() ? exit_done : exit_failed;
    if (options.json) {
        std::string out;
        json::ObjectWriter object(out);
        object.field("ok", damaged->empty());
        object.field("versions", all->size());
        std::string references = "[";
        for (const std::string& reference : *damaged) {
            if (references.size() > 1) references += ',';
            json::append_string(references, reference);
        }
        object.raw("damaged", references + "]");
        object.close();
        print_text(stdout, out + "\n");
        return code;
    }
    for (const std::string& reference : *damaged)
        print_text(stderr, fmt::format("damaged or missing: {}\n", reference));
    if (damaged->empty())
        print_text(stdout,
                   fmt::format("The files of all {} versions are what they were, datasets too.\n", all->size()));
    else print_text(stdout, "Adding the same file again under the same name mends a version.\n");
    return code;
}

template <class F>
CLI::App& add_verb(CLI::App& command, int& exit_code, const std::string& name, const std::string& description,
                   const std::string& examples, F run) {
    auto* verb = command.add_subcommand(name, description);
    verb->footer(examples);
    verb->callback([run, &exit_code] { exit_code = run(); });
    return *verb;
}

void add_reference(CLI::App& verb, ModelOptions& options) {
    verb.add_option("REF", options.reference, "NAME, NAME:3, NAME@LABEL or sha256:HEX")->required();
}

void add_readers(CLI::App& command, const std::shared_ptr<ModelOptions>& options, int& exit_code) {
    auto& list = add_verb(command, exit_code, "list", "Lists models and adapters, newest first",
                          "Examples:\n  forebay model list\n  forebay model list --kind adapter --json",
                          [options] { return list_versions(*options, model_kinds); });
    list.add_option("--kind", options->kind, "Only these")->check(CLI::IsMember({"model", "adapter"}));
    add_json_option(list, *options, "one JSON object a line");
    add_data_option(list, *options);

    auto& show = add_verb(command, exit_code, "show", "Shows one version: origin, evaluation, labels, file",
                          "Examples:\n  forebay model show triage\n  forebay model show triage@production --json",
                          [options] { return show_version(*options, model_kinds); });
    add_reference(show, *options);
    add_json_option(show, *options, "one JSON object");
    add_data_option(show, *options);

    auto& lineage =
        add_verb(command, exit_code, "lineage", "Draws what a version was made from, down to the roots",
                 "Examples:\n  forebay model lineage triage\n  forebay model lineage triage:3 --svg tree.svg",
                 [options] { return show_lineage(*options, model_kinds); });
    add_reference(lineage, *options);
    add_json_option(lineage, *options, "one JSON object");
    lineage.add_option("--svg", options->svg, "Writes a picture as well")->type_name("FILE");
    add_data_option(lineage, *options);

    auto& check = add_verb(command, exit_code, "verify", "Compares every file of the registry with its digest",
                           "Exit code 1 when something is damaged.\nExample:\n  forebay model verify",
                           [options] { return verify(*options); });
    add_json_option(check, *options, "one JSON object");
    add_data_option(check, *options);
}

}  // namespace

void add_model_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ModelOptions>();
    auto* command = app.add_subcommand("model", "Registers models and adapters and shows where they came from");
    command->require_subcommand(1);
    command->footer("Works while the server runs.\nExample:\n  forebay model add triage triage.gguf");

    auto& add_file = add_verb(*command, exit_code, "add", "Registers a GGUF file as the next version of a name",
                              "The file is copied. The same bytes again are the version that exists.\n"
                              "Example:\n  forebay model add triage triage.gguf --base triage-base@production",
                              [options] { return add(*options); });
    add_file.add_option("NAME", options->name, "Lower-case letters, digits, '.', '_' and '-'")->required();
    add_file.add_option("FILE", options->file, "A GGUF, a model's or an adapter's")->required()->type_name("FILE");
    add_file.add_option("--base", options->base, "What it was trained from: a reference")->type_name("REF");
    add_json_option(add_file, *options, "one JSON object");
    add_data_option(add_file, *options);

    auto& label = add_verb(*command, exit_code, "label", "Points a label at a version; it moves from where it was",
                           "Every move is kept: see forebay model show.\n"
                           "Example:\n  forebay model label triage:3 production",
                           [options] { return label_version(*options, model_kinds); });
    add_reference(label, *options);
    label.add_option("LABEL", options->label, "Such as production")->required();
    add_json_option(label, *options, "the version as one JSON object");
    add_data_option(label, *options);

    add_readers(*command, options, exit_code);
}

}  // namespace forebay::app
