// Registry: models and datasets as immutable versions, addressed by the SHA-256 of their bytes, with labels that move.
//
// A name ("triage") has versions 1, 2, 3…; a version is one file. Registering bytes that the name has already gives
// the version that exists. A label ("production") points at one version of its name; "latest" is kept by the registry.
// References are written NAME (its latest), NAME:3, NAME@LABEL or sha256:HEX (at least 8 digits, of one digest alone;
// bytes with several names are found under the first that they got).
//
// Floor    3.
// Owner    app/ opens one per process, commands open their own; the database outlives it.
// Files    DATA/registry/blobs/HEX, written beside and renamed, read-only; rows in the state database. A version is
//          visible only after its file is whole on the disk.
// Threads  any; every method blocks on the disk. Several processes may have the same folder and database open.
// Errors   not_found names what was asked and what there is; conflict: the name is of the other kind;
//          invalid_argument: a bad name, label, reference or origin, or a file that is none; unavailable: the disk or
//          the database, with the reason.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "storage/database.h"

namespace forebay::registry {

enum class Kind { model, adapter, dataset };
std::string_view name_of(Kind kind);
std::optional<Kind> kind_from(std::string_view name);

// ^[a-z0-9][a-z0-9._-]{0,63}$, and not "sha256". invalid_argument says what is wrong.
Result<void> check_name(std::string_view name);

// Where a version came from. Empty where it does not apply.
struct Origin {
    std::string source;  // one line for people: "training run 2026…", "imported from triage.gguf"
    std::string run;     // the training run's id
    std::string recipe;  // the recipe's text
    std::string recipe_digest;
    std::string base_digest;                   // of the model that it was trained from; 64 hexadecimal digits
    std::vector<std::string> dataset_digests;  // the same
    std::optional<std::uint64_t> seed;
    std::string code_version;     // of Forebay
    std::string evaluation_json;  // an object: losses and scores
    std::string details_json;     // an object: for a dataset its DatasetReport, for a model its shape
};

struct Version {
    Kind kind = Kind::model;
    std::string name;
    std::int64_t number = 0;  // from 1, per name
    std::string digest;       // 64 hexadecimal digits
    std::uint64_t bytes = 0;
    std::int64_t created_micros = 0;
    std::vector<std::string> labels;  // in the order of the alphabet; "latest" among them
    Origin origin;
    std::string file;  // absolute path of the blob
    std::string reference() const { return name + ":" + std::to_string(number); }
};
// An object with all of it; evaluation and details as objects.
std::string to_json(const Version& version);

// One step of a lineage: a version, or only a digest where the registry does not hold it.
struct LineageNode {
    std::string role;  // of the root its kind; below it "base" or "dataset"
    std::string digest;
    std::optional<Version> version;
    std::vector<LineageNode> parents;
    bool cut = false;  // has parents that are not listed here: they are at an earlier node with this digest, or
                       // more than 100 steps from the root
};
std::string to_json(const LineageNode& node);

// One step in a label's life.
struct LabelMove {
    std::string label;
    std::int64_t number = 0;  // the version that it pointed at from then on
    std::int64_t moved_micros = 0;
};

class Registry {
public:
    // `folder` is DATA/registry, created when missing.
    static Result<std::unique_ptr<Registry>> open_blocking(storage::Database& database, const std::string& folder);
    virtual ~Registry() = default;

    // Copies `file` in. The same bytes under the same name again: the existing version, unchanged.
    virtual Result<Version> add_blocking(Kind kind, std::string_view name, const std::string& file,
                                         const Origin& origin) = 0;
    virtual Result<Version> find_blocking(std::string_view reference) = 0;
    // Newest first; of one kind, or all.
    virtual Result<std::vector<Version>> list_blocking(std::optional<Kind> kind) = 0;
    // Points `label` (^[a-z][a-z0-9._-]{0,63}$, not "latest") at the version. Where it points there already, nothing
    // happens; otherwise the move is recorded.
    virtual Result<Version> label_blocking(std::string_view reference, std::string_view label) = 0;
    // Every move of every label of a name, the newest first.
    virtual Result<std::vector<LabelMove>> label_moves_blocking(std::string_view name) = 0;
    // The version and all that it came from, down to the roots.
    virtual Result<LineageNode> lineage_blocking(std::string_view reference) = 0;
    // Reads every blob and compares it with its digest; the references that do not match.
    virtual Result<std::vector<std::string>> verify_blocking() = 0;
};

}  // namespace forebay::registry
