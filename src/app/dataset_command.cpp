#include <filesystem>
#include <memory>
#include <optional>

#include "app/commands.h"
#include "app/record_text.h"
#include "app/registry_command.h"
#include "app/registry_text.h"
#include "app/row_lengths.h"
#include "app/version.h"
#include "base/json.h"
#include "registry/dataset.h"

namespace forebay::app {
namespace {

using registry::DatasetReport;
using registry::Kind;
using registry::ReadRows;
using registry::RowFormat;

constexpr Kind dataset_kinds[] = {Kind::dataset};

struct DatasetOptions : RegistryOptions {
    std::string name;
    std::string file;
    std::string format = "chat";
    std::string evaluation;
    std::string model;
    std::string source;
    std::uint64_t context_tokens = 0;

    RowFormat row_format() const { return format == "chat" ? RowFormat::chat : RowFormat::text; }
};

// One file of the two, on its way into the registry.
struct Split {
    std::string role;  // "train" or "evaluation"
    std::string name;
    std::string file;
    ReadRows rows;
    DatasetReport report;
};

// Rows that are all good. Faults are said, each with file and line.
Result<Split> read_split_blocking(std::string role, const std::string& name, const std::string& file,
                                  RowFormat format) {
    FOREBAY_TRY(auto rows, read_rows_blocking(file, format));
    for (const auto& fault : rows.faults) print_text(stderr, printable(to_string(fault)) + "\n");
    if (rows.faults_total > 0)
        return fail(Code::invalid_argument, "{} has {} malformed {}; nothing was registered", file,
                    count_text(rows.faults_total), rows.faults_total == 1 ? "row" : "rows");
    if (rows.rows.empty()) return fail(Code::invalid_argument, "{} has no rows", file);
    return Split{std::move(role), name, file, std::move(rows), {}};
}

Result<void> judge(Split& split, const std::vector<registry::Row>& other, std::uint64_t context_tokens,
                   RowLengths& lengths) {
    const auto count = [&](const registry::Row& row) { return lengths.count(row); };
    split.report = report_on(split.rows.rows, other, context_tokens, count);
    split.report.unit = lengths.unit();
    if (!lengths.failure()) return {};
    registry::RowFault fault = *lengths.failure();
    fault.file = split.file;
    return fail(Code::invalid_argument, "{}", printable(to_string(fault)));
}

std::string details_of(const DatasetOptions& options, const Split& split, const std::string& evaluation_digest) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("format", options.format);
    object.field("split", split.role);
    if (!evaluation_digest.empty()) object.field("evaluation_digest", evaluation_digest);
    if (!options.model.empty()) object.field("counted_with", std::filesystem::path(options.model).filename().string());
    // The report's own fields follow in the same object.
    return out + "," + to_json(split.report).substr(1);
}

struct Registered {
    registry::Version version;
    bool known = false;  // with another report: these bytes were registered before
};

Result<Registered> register_split(registry::Registry& registry, const DatasetOptions& options, const Split& split,
                                  const std::string& evaluation_digest) {
    registry::Origin origin;
    origin.source = options.source.empty() ? "imported from " + std::filesystem::path(split.file).filename().string()
                                           : options.source;
    origin.code_version = version;
    origin.details_json = details_of(options, split, evaluation_digest);
    FOREBAY_TRY(auto added, registry.add_blocking(Kind::dataset, split.name, split.file, origin));
    if (added.digest != split.rows.digest)
        return fail(Code::conflict, "{} changed while it was read; it was registered as {}, without a look at its rows",
                    split.file, added.reference());
    const bool known = added.origin.details_json != origin.details_json || added.origin.source != origin.source;
    return Registered{std::move(added), known};
}

void print_split(const DatasetOptions& options, const Split& split, const Registered& registered) {
    const bool compared = split.role == "evaluation";
    print_text(stdout, fmt::format("{} ({}, {})\n{}", split.file, split.role, size_text(split.rows.bytes),
                                   report_page(split.report, compared)));
    if (options.model.empty())
        print_text(stdout, "  (lengths are in characters; --model GGUF counts them in its tokens)\n");
    print_text(stdout, fmt::format("{} sha256:{}\n", registered.version.reference(), registered.version.digest));
    if (registered.known)
        print_text(stdout, "These bytes were registered before; the report kept is the one from then.\n");
}

// Both splits are read and judged before the first is registered.
Result<std::vector<Split>> prepare_blocking(const DatasetOptions& options) {
    std::vector<Split> splits;
    FOREBAY_TRY(splits.emplace_back(), read_split_blocking("train", options.name, options.file, options.row_format()));
    if (!options.evaluation.empty()) {
        FOREBAY_TRY(splits.emplace_back(), read_split_blocking("evaluation", options.name + "-evaluation",
                                                               options.evaluation, options.row_format()));
    }
    auto lengths = RowLengths::in_characters();
    if (!options.model.empty()) {
        FOREBAY_TRY(lengths, RowLengths::in_tokens_blocking(options.model));
    }
    const auto context_tokens = options.context_tokens > 0 ? options.context_tokens : lengths->context_tokens();
    FOREBAY_TRY_VOID(judge(splits[0], {}, context_tokens, *lengths));
    if (splits.size() == 2) FOREBAY_TRY_VOID(judge(splits[1], splits[0].rows.rows, context_tokens, *lengths));
    return splits;
}

int add(const DatasetOptions& options) {
    for (const std::string& name : {options.name, options.name + "-evaluation"})
        if (auto good = registry::check_name(name); !good) return say_failed(good.error());
    const auto splits = prepare_blocking(options);
    if (!splits) return say_failed(splits.error());
    auto open = open_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    std::optional<Registered> evaluation;
    if (splits->size() == 2) {
        auto added = register_split(*open->registry, options, splits->at(1), {});
        if (!added) return say_failed(added.error());
        evaluation = *std::move(added);
    }
    const auto train = register_split(*open->registry, options, splits->at(0),
                                      evaluation ? evaluation->version.digest : std::string());
    if (!train) return say_failed(train.error());
    if (options.json) {
        print_text(stdout, to_json(train->version) + "\n");
        if (evaluation) print_text(stdout, to_json(evaluation->version) + "\n");
        return exit_done;
    }
    print_split(options, splits->at(0), *train);
    if (evaluation) print_split(options, splits->at(1), *evaluation);
    return exit_done;
}

void add_add(CLI::App& command, const std::shared_ptr<DatasetOptions>& options, int& exit_code) {
    auto* verb = command.add_subcommand("add", "Checks a JSONL file, row by row, and registers it with the report");
    verb->footer(
        "A malformed row is named with file and line, and nothing is registered. The evaluation file is registered as\n"
        "NAME-evaluation; its rows are looked for among the training rows.\n"
        "Example:\n  forebay dataset add tickets train.jsonl --evaluation held-out.jsonl --model base.gguf");
    verb->add_option("NAME", options->name, "Lower-case letters, digits, '.', '_' and '-'")->required();
    verb->add_option("FILE", options->file, "One JSON object a line")->required()->type_name("FILE");
    verb->add_option("--format", options->format, "chat: {\"messages\":[…]} a line; text: {\"text\":\"…\"}")
        ->check(CLI::IsMember({"chat", "text"}))
        ->capture_default_str();
    verb->add_option("--evaluation", options->evaluation, "The rows held back from training")->type_name("FILE");
    verb->add_option("--model", options->model, "A GGUF whose tokens are counted; without it, characters are")
        ->type_name("FILE");
    verb->add_option("--context-tokens", options->context_tokens,
                     "Longer rows are counted as over-long; with --model its own context by default");
    verb->add_option("--source", options->source, "Where the rows came from, in a line for people");
    add_json_option(*verb, *options, "each registered version as one JSON object a line");
    add_data_option(*verb, *options);
    verb->callback([options, &exit_code] { exit_code = add(*options); });
}

}  // namespace

void add_dataset_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<DatasetOptions>();
    auto* command = app.add_subcommand("dataset", "Checks and registers the rows that models are trained on");
    command->require_subcommand(1);
    command->footer("Works while the server runs.\nExample:\n  forebay dataset add tickets train.jsonl");
    add_add(*command, options, exit_code);

    auto* list = command->add_subcommand("list", "Lists datasets, newest first");
    list->footer("Example:\n  forebay dataset list --json");
    add_json_option(*list, *options, "one JSON object a line");
    add_data_option(*list, *options);
    list->callback([options, &exit_code] { exit_code = list_versions(*options, dataset_kinds); });

    auto* show = command->add_subcommand("show", "Shows one dataset with the report that it was registered with");
    show->footer("Example:\n  forebay dataset show tickets:2");
    show->add_option("REF", options->reference, "NAME, NAME:3, NAME@LABEL or sha256:HEX")->required();
    add_json_option(*show, *options, "one JSON object");
    add_data_option(*show, *options);
    show->callback([options, &exit_code] { exit_code = show_version(*options, dataset_kinds); });

    auto* label = command->add_subcommand("label", "Points a label at a dataset; it moves from where it was");
    label->footer("Example:\n  forebay dataset label tickets:2 reviewed");
    label->add_option("REF", options->reference, "NAME, NAME:3, NAME@LABEL or sha256:HEX")->required();
    label->add_option("LABEL", options->label, "Such as reviewed")->required();
    add_json_option(*label, *options, "the version as one JSON object");
    add_data_option(*label, *options);
    label->callback([options, &exit_code] { exit_code = label_version(*options, dataset_kinds); });
}

}  // namespace forebay::app
