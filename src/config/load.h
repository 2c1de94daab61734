// Loading forebay.yaml: reads, resolves ${env:NAME} and ${file:PATH}, validates everything at once.
//
// Errors   a Problem per fault, each with file:line:column; all are reported, not only the first.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/settings.h"

namespace forebay::config {

struct Problem {
    std::string file;
    int line = 0;         // from 1; 0 when the fault has no place (the file is missing)
    int column = 0;       // from 1
    std::string message;  // what is wrong and what would be right; never holds a secret
};
// "forebay.yaml:3:5: unknown key 'modles'; did you mean 'models'?"
std::string to_string(const Problem& problem);
// One per line.
std::string to_string(const std::vector<Problem>& problems);

// Where references are looked up; tests supply their own.
struct Sources {
    std::function<std::optional<std::string>(const std::string& name)> environment;
    std::function<Result<std::string>(const std::string& path)> read_file;
};
Sources system_sources();

using SettingsPtr = std::shared_ptr<const Settings>;
using Loaded = std::expected<SettingsPtr, std::vector<Problem>>;

// Reads and validates `file`. Blocks on the file system.
Loaded load_blocking(const std::string& file, const Sources& sources = system_sources());
// The same from text; `file` names it in messages and anchors relative paths.
Loaded parse(std::string_view text, const std::string& file, const Sources& sources);

// The effective settings as YAML with every default written out and every secret as "(secret)".
std::string to_yaml(const Settings& settings);

}  // namespace forebay::config
