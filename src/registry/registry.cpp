#include "registry/registry.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <set>

#include "base/clock.h"
#include "registry/blob_store.h"
#include "registry/reference.h"
#include "registry/statements.h"

namespace forebay::registry {
namespace {

using storage::Connection;
using storage::Transaction;

constexpr int lineage_depth_max = 100;
constexpr std::int64_t names_shown_max = 20;

// "a, b and c".
std::string list_of(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
        out += words[i];
    }
    return out;
}

Result<void> check_object(std::string_view what, const std::string& text) {
    if (text.empty()) return {};
    boost::system::error_code error;
    const auto value = boost::json::parse(boost::json::string_view(text), error);
    if (error || !value.is_object()) return fail(Code::invalid_argument, "{} is not a JSON object", what);
    return {};
}

Result<void> check_origin(const Origin& origin) {
    if (!origin.base_digest.empty() && !is_digest(origin.base_digest))
        return fail(Code::invalid_argument, "the base's digest is not 64 lower-case hexadecimal digits");
    if (!std::ranges::all_of(origin.dataset_digests, is_digest))
        return fail(Code::invalid_argument, "a dataset's digest is not 64 lower-case hexadecimal digits");
    FOREBAY_TRY_VOID(check_object("the evaluation", origin.evaluation_json));
    return check_object("the details", origin.details_json);
}

std::optional<std::uint64_t> number_from(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    std::uint64_t number = 0;
    std::from_chars(text->data(), text->data() + text->size(), number);
    return number;
}

std::unexpected<Error> no_such_name(Connection& connection, const std::string& name) {
    auto rows = connection.query_blocking(sql::list_names, names_shown_max);
    if (!rows) return std::unexpected(std::move(rows).error());
    if (rows->empty()) return fail(Code::not_found, "nothing is named '{}': the registry is empty", name);
    std::vector<std::string> names;
    for (auto& row : *rows) names.push_back(std::move(row.name));
    return fail(Code::not_found, "nothing is named '{}'; there {} {}{}", name, names.size() == 1 ? "is" : "are",
                list_of(names), std::ssize(names) == names_shown_max ? " and perhaps more" : "");
}

// Where a reference leads: a name and a number that exist.
struct Place {
    std::string name;
    std::int64_t number = 0;
};

Result<Place> find_by_digest(Connection& connection, const std::string& digits) {
    // 'g' follows every hexadecimal digit.
    FOREBAY_TRY(const auto rows, connection.query_blocking(sql::find_by_digest, digits, digits + "g"));
    if (rows.empty()) return fail(Code::not_found, "no version has a digest that begins with {}", digits);
    const auto other = std::ranges::find_if(rows, [&](const auto& row) { return row.digest != rows[0].digest; });
    if (other != rows.end())
        return fail(Code::invalid_argument, "sha256:{} is not unique: {}:{} and {}:{} begin with it; write more digits",
                    digits, rows[0].name, rows[0].number, other->name, other->number);
    return Place{rows[0].name, rows[0].number};
}

Result<Place> find_by_label(Connection& connection, const Reference& wanted) {
    FOREBAY_TRY(const auto labels, connection.query_blocking(sql::list_labels, wanted.name));
    std::vector<std::string> names{std::string(latest)};
    for (const auto& label : labels) {
        if (label.label == wanted.label) return Place{wanted.name, label.number};
        names.push_back(label.label);
    }
    return fail(Code::not_found, "'{}' has no label '{}'; it has {}", wanted.name, wanted.label, list_of(names));
}

Result<Place> find_place(Connection& connection, const Reference& wanted) {
    if (!wanted.digest.empty()) return find_by_digest(connection, wanted.digest);
    FOREBAY_TRY(const auto newest, connection.query_blocking(sql::find_latest_number, wanted.name));
    const std::int64_t last = newest.empty() ? 0 : newest[0].number;
    if (last == 0) return no_such_name(connection, wanted.name);
    if (!wanted.label.empty()) return find_by_label(connection, wanted);
    if (wanted.number > last)
        return fail(Code::not_found, "'{}' has no version {}; its latest is {}", wanted.name, wanted.number, last);
    return Place{wanted.name, wanted.number == 0 ? last : wanted.number};
}

class StoredRegistry final : public Registry {
public:
    StoredRegistry(storage::Database& database, BlobStore blobs) : database_(database), blobs_(std::move(blobs)) {}

    Result<Version> add_blocking(Kind kind, std::string_view name, const std::string& file,
                                 const Origin& origin) override;
    Result<Version> find_blocking(std::string_view reference) override {
        FOREBAY_TRY(const Reference wanted, parse_reference(reference));
        return find(database_, wanted);
    }
    Result<std::vector<Version>> list_blocking(std::optional<Kind> kind) override;
    Result<Version> label_blocking(std::string_view reference, std::string_view label) override;
    Result<std::vector<LabelMove>> label_moves_blocking(std::string_view name) override;
    Result<LineageNode> lineage_blocking(std::string_view reference) override;
    Result<std::vector<std::string>> verify_blocking() override;

private:
    Result<Version> complete(Connection& connection, sql::VersionRow row);
    Result<Version> load(Connection& connection, const Place& place);
    Result<Version> find(Connection& connection, const Reference& wanted) {
        FOREBAY_TRY(const Place place, find_place(connection, wanted));
        return load(connection, place);
    }
    Result<void> expand(LineageNode& node, int depth, std::set<std::string>& seen);
    Result<Version> insert(Transaction& transaction, Kind kind, const std::string& name, const BlobStore::Blob& blob,
                           const Origin& origin);

    storage::Database& database_;
    const BlobStore blobs_;
};

// Whether the name exists already, as this kind.
Result<bool> check_kind(Connection& connection, std::string_view name, Kind kind) {
    FOREBAY_TRY(const auto rows, connection.query_blocking(sql::find_kind, name));
    if (rows.empty()) return false;
    if (rows[0].kind == name_of(kind)) return true;
    return fail(Code::conflict, "'{}' holds {}s; choose another name for {}s", name, rows[0].kind, name_of(kind));
}

Result<void> insert_parents(Transaction& transaction, const Place& place, const Origin& origin) {
    if (!origin.base_digest.empty())
        FOREBAY_TRY_VOID(
            transaction.exec_blocking(sql::insert_parent, place.name, place.number, "base", 0, origin.base_digest));
    std::int64_t position = 0;
    for (const std::string& digest : origin.dataset_digests)
        FOREBAY_TRY_VOID(
            transaction.exec_blocking(sql::insert_parent, place.name, place.number, "dataset", position++, digest));
    return {};
}

Result<Version> StoredRegistry::insert(Transaction& transaction, Kind kind, const std::string& name,
                                       const BlobStore::Blob& blob, const Origin& origin) {
    FOREBAY_TRY(const bool known, check_kind(transaction, name, kind));
    if (!known) FOREBAY_TRY_VOID(transaction.exec_blocking(sql::insert_name, name, name_of(kind)));
    FOREBAY_TRY(const auto same, transaction.query_blocking(sql::find_number_by_content, name, blob.digest));
    if (!same.empty()) return load(transaction, {name, same[0].number});
    FOREBAY_TRY(const auto newest, transaction.query_blocking(sql::find_latest_number, name));
    const Place place{name, newest.at(0).number + 1};
    std::optional<std::string> seed;
    if (origin.seed) seed = std::to_string(*origin.seed);
    FOREBAY_TRY_VOID(transaction.exec_blocking(sql::insert_version, name, place.number, blob.digest,
                                               static_cast<std::int64_t>(blob.bytes), unix_micros_now(), origin.source,
                                               origin.run, origin.recipe, origin.recipe_digest, seed,
                                               origin.code_version, origin.evaluation_json, origin.details_json));
    FOREBAY_TRY_VOID(insert_parents(transaction, place, origin));
    return load(transaction, place);
}

Result<Version> StoredRegistry::add_blocking(Kind kind, std::string_view name, const std::string& file,
                                             const Origin& origin) {
    FOREBAY_TRY_VOID(check_name(name));
    FOREBAY_TRY_VOID(check_origin(origin));
    // Here as well, so that a large file is not copied for nothing.
    FOREBAY_TRY_VOID(check_kind(database_, name, kind));
    FOREBAY_TRY(const auto blob, blobs_.put_blocking(file));
    return database_.transaction_blocking(
        [&](Transaction& transaction) { return insert(transaction, kind, std::string(name), blob, origin); });
}

Result<Version> StoredRegistry::complete(Connection& connection, sql::VersionRow row) {
    const auto kind = kind_from(row.kind);
    if (!kind) return fail(Code::internal, "{} is a '{}', which this version does not know", row.name, row.kind);
    Version version;
    version.kind = *kind;
    version.name = std::move(row.name);
    version.number = row.number;
    version.bytes = static_cast<std::uint64_t>(row.bytes);
    version.created_micros = row.created_micros;
    version.file = blobs_.path_of(row.digest);
    version.digest = std::move(row.digest);
    version.origin = {.source = std::move(row.source),
                      .run = std::move(row.run),
                      .recipe = std::move(row.recipe),
                      .recipe_digest = std::move(row.recipe_digest),
                      .base_digest = {},
                      .dataset_digests = {},
                      .seed = number_from(row.seed),
                      .code_version = std::move(row.code_version),
                      .evaluation_json = std::move(row.evaluation),
                      .details_json = std::move(row.details)};
    FOREBAY_TRY(auto parents, connection.query_blocking(sql::list_parents, version.name, version.number));
    for (auto& parent : parents) {
        if (parent.role == "base") version.origin.base_digest = std::move(parent.digest);
        else version.origin.dataset_digests.push_back(std::move(parent.digest));
    }
    FOREBAY_TRY(auto labels, connection.query_blocking(sql::list_labels, version.name));
    for (auto& label : labels)
        if (label.number == version.number) version.labels.push_back(std::move(label.label));
    FOREBAY_TRY(const auto newest, connection.query_blocking(sql::find_latest_number, version.name));
    if (!newest.empty() && newest[0].number == version.number) version.labels.emplace_back(latest);
    std::ranges::sort(version.labels);
    return version;
}

Result<Version> StoredRegistry::load(Connection& connection, const Place& place) {
    FOREBAY_TRY(auto rows, connection.query_blocking(sql::find_version, place.name, place.number));
    if (rows.empty()) return fail(Code::not_found, "'{}' has no version {}", place.name, place.number);
    return complete(connection, std::move(rows.front()));
}

Result<std::vector<Version>> StoredRegistry::list_blocking(std::optional<Kind> kind) {
    FOREBAY_TRY(auto rows, database_.query_blocking(sql::list_versions));
    std::vector<Version> versions;
    for (auto& row : rows) {
        if (kind && row.kind != name_of(*kind)) continue;
        FOREBAY_TRY(versions.emplace_back(), complete(database_, std::move(row)));
    }
    return versions;
}

Result<Version> StoredRegistry::label_blocking(std::string_view reference, std::string_view label) {
    FOREBAY_TRY(const Reference wanted, parse_reference(reference));
    FOREBAY_TRY_VOID(check_label(label));
    if (label == latest)
        return fail(Code::invalid_argument, "the registry keeps 'latest' itself: it is each name's newest version");
    return database_.transaction_blocking([&](Transaction& transaction) -> Result<Version> {
        FOREBAY_TRY(const Place place, find_place(transaction, wanted));
        FOREBAY_TRY(const auto labels, transaction.query_blocking(sql::list_labels, place.name));
        const auto now = std::ranges::find(labels, label, &sql::LabelRow::label);
        const std::int64_t moves = now == labels.end() ? 0 : now->sequence;
        if (now == labels.end() || now->number != place.number)
            FOREBAY_TRY_VOID(transaction.exec_blocking(sql::insert_move, place.name, label, moves + 1, place.number,
                                                       unix_micros_now()));
        return load(transaction, place);
    });
}

Result<std::vector<LabelMove>> StoredRegistry::label_moves_blocking(std::string_view name) {
    FOREBAY_TRY(auto rows, database_.query_blocking(sql::list_moves, name));
    std::vector<LabelMove> moves;
    for (auto& row : rows) moves.push_back({std::move(row.label), row.number, row.moved_micros});
    return moves;
}

Result<void> StoredRegistry::expand(LineageNode& node, int depth, std::set<std::string>& seen) {
    if (!node.version) return {};
    const Origin& origin = node.version->origin;
    if (origin.base_digest.empty() && origin.dataset_digests.empty()) return {};
    // Digests are claims of whoever registered: they may go in circles.
    if (depth == lineage_depth_max || !seen.insert(node.digest).second) {
        node.cut = true;
        return {};
    }
    const auto add = [&](std::string_view role, const std::string& digest) -> Result<void> {
        LineageNode parent;
        parent.role = role;
        parent.digest = digest;
        auto place = find_by_digest(database_, digest);
        if (!place && place.error().code != Code::not_found) return std::unexpected(std::move(place).error());
        if (place) {
            FOREBAY_TRY(parent.version, load(database_, *place));
        }
        FOREBAY_TRY_VOID(expand(parent, depth + 1, seen));
        node.parents.push_back(std::move(parent));
        return {};
    };
    if (!origin.base_digest.empty()) FOREBAY_TRY_VOID(add("base", origin.base_digest));
    for (const std::string& digest : origin.dataset_digests) FOREBAY_TRY_VOID(add("dataset", digest));
    return {};
}

Result<LineageNode> StoredRegistry::lineage_blocking(std::string_view reference) {
    FOREBAY_TRY(auto version, find_blocking(reference));
    LineageNode root;
    root.role = name_of(version.kind);
    root.digest = version.digest;
    root.version = std::move(version);
    std::set<std::string> seen;
    FOREBAY_TRY_VOID(expand(root, 0, seen));
    return root;
}

Result<std::vector<std::string>> StoredRegistry::verify_blocking() {
    FOREBAY_TRY(const auto places, database_.query_blocking(sql::list_places));
    std::map<std::string, bool> whole;
    std::vector<std::string> damaged;
    for (const auto& place : places) {
        const auto [known, fresh] = whole.try_emplace(place.digest, false);
        if (fresh) known->second = blobs_.holds_blocking(place.digest);
        if (!known->second) damaged.push_back(fmt::format("{}:{}", place.name, place.number));
    }
    return damaged;
}

}  // namespace

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::model: return "model";
        case Kind::adapter: return "adapter";
        case Kind::dataset: return "dataset";
    }
    return "unknown";
}

std::optional<Kind> kind_from(std::string_view name) {
    for (const Kind kind : {Kind::model, Kind::adapter, Kind::dataset})
        if (name == name_of(kind)) return kind;
    return std::nullopt;
}

Result<std::unique_ptr<Registry>> Registry::open_blocking(storage::Database& database, const std::string& folder) {
    FOREBAY_TRY(auto blobs, BlobStore::open_blocking(folder + "/blobs"));
    return std::make_unique<StoredRegistry>(database, std::move(blobs));
}

}  // namespace forebay::registry
