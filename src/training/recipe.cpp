#include "training/recipe.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "training/recipe_reader.h"

namespace forebay::training {

bool is_model_name(std::string_view text) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (text.empty() || text.size() > 64 || !plain(text.front())) return false;
    return std::ranges::all_of(text, [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

ParsedRecipe parse_recipe(std::string_view text, const std::string& file, const config::Sources& sources) {
    config::ProblemList problems(file);
    Recipe recipe;
    const auto root = config::parse_yaml(text, problems);
    if (root && root->kind == config::NodeKind::mapping) {
        std::error_code ignored;
        const auto whole = std::filesystem::absolute(file, ignored);
        config::ReadContext context{
            .problems = problems, .sources = sources, .folder = whole.parent_path(), .places = {}};
        read_recipe(context, *root, recipe);
        cross_check(context, recipe);
    } else if (problems.empty()) {
        const bool empty = !root || root->kind == config::NodeKind::null;
        problems.add({1, 1}, empty ? "the recipe is empty: it needs at least 'name', 'base' and 'data'"
                                   : "the recipe must be a mapping (key: value) at its top");
    }
    if (!problems.empty()) return std::unexpected(problems.take());
    return recipe;
}

ParsedRecipe load_recipe_blocking(const std::string& file, const config::Sources& sources) {
    const auto text = sources.read_file(file);
    if (!text) {
        config::ProblemList problems(file);
        problems.add({}, "cannot be read: " + text.error().message);
        return std::unexpected(problems.take());
    }
    return parse_recipe(*text, file, sources);
}

}  // namespace forebay::training
