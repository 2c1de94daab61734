// Versions and lineages as JSON.
#include "base/clock.h"
#include "base/json.h"
#include "registry/registry.h"

namespace forebay::registry {
namespace {

std::string list_of(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) {
        if (out.size() > 1) out += ',';
        json::append_string(out, text);
    }
    return out + "]";
}

// An object that somebody gave, on one line: JSON has line ends between tokens alone.
std::string on_one_line(std::string object) {
    for (char& c : object)
        if (c == '\n' || c == '\r') c = ' ';
    return object;
}

void append_origin(json::ObjectWriter& object, const Origin& origin) {
    object.field("source", origin.source);
    if (!origin.run.empty()) object.field("run", origin.run);
    if (!origin.recipe.empty()) object.field("recipe", origin.recipe);
    if (!origin.recipe_digest.empty()) object.field("recipe_digest", origin.recipe_digest);
    if (!origin.base_digest.empty()) object.field("base_digest", origin.base_digest);
    if (!origin.dataset_digests.empty()) object.raw("dataset_digests", list_of(origin.dataset_digests));
    if (origin.seed) object.field("seed", *origin.seed);
    if (!origin.code_version.empty()) object.field("code_version", origin.code_version);
    if (!origin.evaluation_json.empty()) object.raw("evaluation", on_one_line(origin.evaluation_json));
    if (!origin.details_json.empty()) object.raw("details", on_one_line(origin.details_json));
}

}  // namespace

std::string to_json(const Version& version) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("reference", version.reference());
    object.field("kind", name_of(version.kind));
    object.field("name", version.name);
    object.field("number", version.number);
    object.field("digest", version.digest);
    object.field("bytes", version.bytes);
    object.field("created", format_utc(version.created_micros));
    object.raw("labels", list_of(version.labels));
    append_origin(object, version.origin);
    object.field("file", version.file);
    object.close();
    return out;
}

std::string to_json(const LineageNode& node) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("role", node.role);
    object.field("digest", node.digest);
    if (node.version) object.raw("version", to_json(*node.version));
    else object.null("version");
    object.field("cut", node.cut);
    std::string parents = "[";
    for (const LineageNode& parent : node.parents) {
        if (parents.size() > 1) parents += ',';
        parents += to_json(parent);
    }
    object.raw("parents", parents + "]");
    object.close();
    return out;
}

}  // namespace forebay::registry
