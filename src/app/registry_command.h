// What the commands `model` and `dataset` share.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "registry/registry.h"
#include "storage/database.h"

namespace forebay::app {

struct RegistryOptions {
    std::string data = "data";
    std::string reference;
    std::string label;
    std::string kind;  // of `list`; empty: all that the command is for
    std::string svg;   // of `lineage`: where the picture goes
    bool json = false;
};

void print_text(std::FILE* out, std::string_view text);
// Says it; the exit code.
int say_failed(const Error& error);

// The registry of a data folder, open for one command.
struct OpenRegistry {
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<registry::Registry> registry;
};
// Makes the data folder where it is missing. Blocks.
Result<OpenRegistry> open_registry_blocking(const std::string& data);
// not_found: the folder has no state yet. Blocks.
Result<OpenRegistry> open_existing_registry_blocking(const std::string& data);
// The version, when it is one of `kinds`; conflict names the command for it. Blocks.
Result<registry::Version> find_of_kind_blocking(registry::Registry& registry, const std::string& reference,
                                                std::span<const registry::Kind> kinds);

// The commands themselves; their exit codes. Each blocks.
int list_versions(const RegistryOptions& options, std::span<const registry::Kind> kinds);
int show_version(const RegistryOptions& options, std::span<const registry::Kind> kinds);
int show_lineage(const RegistryOptions& options, std::span<const registry::Kind> kinds);
int label_version(const RegistryOptions& options, std::span<const registry::Kind> kinds);

void add_data_option(CLI::App& command, RegistryOptions& options);
void add_json_option(CLI::App& command, RegistryOptions& options, const std::string& what);

}  // namespace forebay::app
