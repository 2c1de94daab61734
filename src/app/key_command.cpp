#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "base/clock.h"
#include "base/json.h"
#include "keys/key_store.h"
#include "storage/data_folder.h"
#include "storage/migrations.h"

namespace forebay::app {
namespace {

struct KeyOptions {
    std::string data = "data";
    std::string name;
    std::string role = "developer";
    std::string id_or_name;
    bool quiet = false;
    bool json = false;
};

void print(std::FILE* out, std::string_view text) { std::fwrite(text.data(), 1, text.size(), out); }

int failed(const Error& error) {
    print(stderr, fmt::format("error: {}\n", error.message));
    return error.code == Code::invalid_argument ? exit_usage : exit_failed;
}

// The key store of a data folder, open for one command.
struct OpenStore {
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<keys::KeyStore> store;
};

Result<OpenStore> open_store_blocking(const storage::DataFolder& folder) {
    FOREBAY_TRY(auto database, storage::open_state_blocking(folder.state_database()));
    FOREBAY_TRY(auto store, keys::KeyStore::open_blocking(*database, folder.key_revision()));
    return OpenStore{std::move(database), std::move(store)};
}

Result<OpenStore> open_existing_store_blocking(const storage::DataFolder& folder) {
    std::error_code error;
    if (!std::filesystem::exists(folder.state_database(), error))
        return fail(Code::not_found, "there are no keys in the data folder {}; name another with --data", folder.path);
    return open_store_blocking(folder);
}

// Without the hash: nobody needs it outside of the database.
void append_key(json::ObjectWriter& object, const keys::Key& key) {
    object.field("id", key.id);
    object.field("name", key.name);
    object.field("role", keys::name_of(key.role));
    object.field("created", format_utc(key.created_micros));
    if (key.revoked_micros) object.field("revoked", format_utc(*key.revoked_micros));
}

std::string key_json(const keys::Key& key, std::string_view text = {}) {
    std::string out;
    json::ObjectWriter object(out);
    append_key(object, key);
    if (!text.empty()) object.field("key", text);
    object.close();
    return out + "\n";
}

int create(const KeyOptions& options) {
    const storage::DataFolder folder{options.data};
    if (auto made = folder.create_blocking(); !made) return failed(made.error());
    auto open = open_store_blocking(folder);
    if (!open) return failed(open.error());
    const auto made = open->store->create_blocking(options.name, *keys::role_from(options.role));
    if (!made) return failed(made.error());
    if (options.json) {
        print(stdout, key_json(made->key, made->text));
    } else if (options.quiet) {
        print(stdout, made->text + "\n");
    } else {
        print(stdout, fmt::format("{}\n\nThis is the only time the key is shown. It is '{}' ({}, id {}); send it as\n"
                                  "  Authorization: Bearer KEY\n",
                                  made->text, made->key.name, options.role, made->key.id));
    }
    return exit_done;
}

// Whole seconds and no fraction: "2026-11-21 22:09:01".
std::string short_time(std::int64_t micros) {
    std::string text = format_utc(micros).substr(0, 19);
    text[10] = ' ';
    return text;
}

void print_table(const std::vector<keys::Key>& keys) {
    std::size_t width = 4;
    for (const auto& key : keys) width = std::max(width, key.name.size());
    print(stdout, fmt::format("{:<12}  {:<{}}  {:<9}  {:<19}  {}\n", "ID", "NAME", width, "ROLE", "CREATED (UTC)",
                              "REVOKED (UTC)"));
    for (const auto& key : keys) {
        print(stdout,
              fmt::format("{:<12}  {:<{}}  {:<9}  {:<19}  {}\n", key.id, key.name, width, keys::name_of(key.role),
                          short_time(key.created_micros), key.revoked_micros ? short_time(*key.revoked_micros) : "-"));
    }
}

int list(const KeyOptions& options) {
    auto open = open_existing_store_blocking({options.data});
    if (!open) return failed(open.error());
    const auto keys = open->store->list_blocking();
    if (!keys) return failed(keys.error());
    if (options.json) {
        for (const auto& key : *keys) print(stdout, key_json(key));
    } else if (keys->empty()) {
        print(stdout, "There are no keys yet. Make one: forebay key create --name me\n");
    } else {
        print_table(*keys);
    }
    return exit_done;
}

int revoke(const KeyOptions& options) {
    auto open = open_existing_store_blocking({options.data});
    if (!open) return failed(open.error());
    const auto key = open->store->revoke_blocking(options.id_or_name);
    if (!key) return failed(key.error());
    if (options.json) {
        print(stdout, key_json(*key));
    } else if (!options.quiet) {
        print(stdout,
              fmt::format("Revoked '{}' (id {}). It is refused from the next request on.\n", key->name, key->id));
    }
    return exit_done;
}

void add_common(CLI::App& command, KeyOptions& options) {
    command.add_option("--data", options.data, "The data folder of the server")
        ->type_name("DIR")
        ->envname("FOREBAY_DATA")
        ->capture_default_str();
    command.add_flag("--json", options.json, "Prints one JSON object a line");
}

}  // namespace

void add_key_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<KeyOptions>();
    auto* command = app.add_subcommand("key", "Creates, lists and revokes the keys that callers present");
    command->require_subcommand(1);
    command->footer(
        "Works while the server runs, which notices at its next request.\n"
        "Example:\n  forebay key create --name me");

    auto* create_command = command->add_subcommand("create", "Makes a key and shows it, this one time");
    create_command->footer(
        "Examples:\n  forebay key create --name ci\n"
        "  export OPENAI_API_KEY=$(forebay key create --name me --data data --quiet)");
    create_command->add_option("--name", options->name, "What you call it; at most 64 characters")->required();
    create_command->add_option("--role", options->role, "developer calls models, admin also uses the control plane")
        ->check(CLI::IsMember({"developer", "admin"}))
        ->capture_default_str();
    create_command->add_flag("--quiet", options->quiet, "Prints the key alone");
    add_common(*create_command, *options);
    create_command->callback([options, &exit_code] { exit_code = create(*options); });

    auto* list_command = command->add_subcommand("list", "Lists all keys, newest first, revoked ones too");
    list_command->footer("Example:\n  forebay key list --data data");
    add_common(*list_command, *options);
    list_command->callback([options, &exit_code] { exit_code = list(*options); });

    auto* revoke_command = command->add_subcommand("revoke", "Ends a key; it is refused from the next request on");
    revoke_command->footer("Example:\n  forebay key revoke ci");
    revoke_command->add_option("ID_OR_NAME", options->id_or_name, "Its id, or the name of a key in use")->required();
    revoke_command->add_flag("--quiet", options->quiet, "Prints nothing");
    add_common(*revoke_command, *options);
    revoke_command->callback([options, &exit_code] { exit_code = revoke(*options); });
}

}  // namespace forebay::app
