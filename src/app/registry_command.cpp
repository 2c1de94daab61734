#include "app/registry_command.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "app/commands.h"
#include "app/record_text.h"
#include "app/registry_text.h"
#include "base/clock.h"
#include "base/json.h"
#include "storage/data_folder.h"
#include "storage/migrations.h"

namespace forebay::app {
namespace {

using registry::Kind;
using registry::Version;

bool is_one_of(Kind kind, std::span<const Kind> kinds) { return std::ranges::find(kinds, kind) != kinds.end(); }

std::string moves_json(const std::vector<registry::LabelMove>& moves) {
    std::string out = "[";
    for (const auto& move : moves) {
        if (out.size() > 1) out += ',';
        json::ObjectWriter object(out);
        object.field("label", move.label);
        object.field("number", move.number);
        object.field("moved", format_utc(move.moved_micros));
        object.close();
    }
    return out + "]";
}

int write_picture(const std::string& file, const registry::LineageNode& root) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << lineage_svg(root);
    out.close();
    if (!out) return say_failed(Error{Code::unavailable, fmt::format("cannot write {}", file), {}});
    print_text(stderr, fmt::format("Wrote {}\n", file));
    return exit_done;
}

}  // namespace

void print_text(std::FILE* out, std::string_view text) { std::fwrite(text.data(), 1, text.size(), out); }

int say_failed(const Error& error) {
    print_text(stderr, fmt::format("error: {}\n", error.message));
    return error.code == Code::invalid_argument ? exit_usage : exit_failed;
}

Result<OpenRegistry> open_registry_blocking(const std::string& data) {
    const storage::DataFolder folder{data};
    FOREBAY_TRY_VOID(folder.create_blocking());
    FOREBAY_TRY(auto database, storage::open_state_blocking(folder.state_database()));
    FOREBAY_TRY(auto opened, registry::Registry::open_blocking(*database, folder.registry()));
    return OpenRegistry{std::move(database), std::move(opened)};
}

Result<OpenRegistry> open_existing_registry_blocking(const std::string& data) {
    std::error_code error;
    if (!std::filesystem::exists(storage::DataFolder{data}.state_database(), error))
        return fail(Code::not_found, "there is nothing registered in the data folder {}; name another with --data",
                    data);
    return open_registry_blocking(data);
}

Result<Version> find_of_kind_blocking(registry::Registry& registry, const std::string& reference,
                                      std::span<const Kind> kinds) {
    FOREBAY_TRY(auto version, registry.find_blocking(reference));
    if (is_one_of(version.kind, kinds)) return version;
    return fail(Code::conflict, "'{}' holds {}s; see: forebay {} show {}", version.name, name_of(version.kind),
                version.kind == Kind::dataset ? "dataset" : "model", version.reference());
}

int list_versions(const RegistryOptions& options, std::span<const Kind> kinds) {
    auto open = open_existing_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    auto versions = open->registry->list_blocking(registry::kind_from(options.kind));
    if (!versions) return say_failed(versions.error());
    std::erase_if(*versions, [&](const Version& version) { return !is_one_of(version.kind, kinds); });
    if (options.json) {
        for (const Version& version : *versions) print_text(stdout, to_json(version) + "\n");
    } else if (versions->empty()) {
        print_text(stdout, "There are none yet.\n");
    } else {
        print_text(stdout, version_table(*versions));
    }
    return exit_done;
}

int show_version(const RegistryOptions& options, std::span<const Kind> kinds) {
    auto open = open_existing_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    auto version = find_of_kind_blocking(*open->registry, options.reference, kinds);
    if (!version) return say_failed(version.error());
    const auto moves = open->registry->label_moves_blocking(version->name);
    if (!moves) return say_failed(moves.error());
    if (options.json) {
        std::string out = to_json(*version);
        out.pop_back();
        print_text(stdout, out + ",\"label_moves\":" + moves_json(*moves) + "}\n");
        return exit_done;
    }
    const auto root = open->registry->lineage_blocking(version->reference());
    if (!root) return say_failed(root.error());
    print_text(stdout, version_page(*root, *moves));
    return exit_done;
}

int show_lineage(const RegistryOptions& options, std::span<const Kind> kinds) {
    auto open = open_existing_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    if (auto version = find_of_kind_blocking(*open->registry, options.reference, kinds); !version)
        return say_failed(version.error());
    const auto root = open->registry->lineage_blocking(options.reference);
    if (!root) return say_failed(root.error());
    print_text(stdout, options.json ? to_json(*root) + "\n" : lineage_tree(*root));
    return options.svg.empty() ? exit_done : write_picture(options.svg, *root);
}

int label_version(const RegistryOptions& options, std::span<const Kind> kinds) {
    auto open = open_existing_registry_blocking(options.data);
    if (!open) return say_failed(open.error());
    if (auto version = find_of_kind_blocking(*open->registry, options.reference, kinds); !version)
        return say_failed(version.error());
    const auto labelled = open->registry->label_blocking(options.reference, options.label);
    if (!labelled) return say_failed(labelled.error());
    if (options.json) print_text(stdout, to_json(*labelled) + "\n");
    else print_text(stdout, fmt::format("{}@{} is {}\n", labelled->name, options.label, labelled->reference()));
    return exit_done;
}

void add_data_option(CLI::App& command, RegistryOptions& options) {
    command.add_option("--data", options.data, "The data folder of the server")
        ->type_name("DIR")
        ->envname("FOREBAY_DATA")
        ->capture_default_str();
}

void add_json_option(CLI::App& command, RegistryOptions& options, const std::string& what) {
    command.add_flag("--json", options.json, "Prints " + what);
}

}  // namespace forebay::app
