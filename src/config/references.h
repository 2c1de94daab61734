// ${env:NAME} and ${file:PATH} inside a value of the configuration. "$${" stands for "${"; a '$' before
// anything else is itself.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace forebay::config {

struct Resolved {
    std::string text;
    bool referenced = false;          // some of it came from outside the file: never show it
    std::vector<std::string> faults;  // one sentence each; hold names of variables and files, never contents
};

// Relative paths are taken from `folder`. With `secret`, faults do not repeat what stands between the
// braces unless it is a well-formed name or path. Blocks where a file is named.
Resolved resolve_references(std::string_view text, const std::filesystem::path& folder, const Sources& sources,
                            bool secret);

// `text` with each "${" written "$${", so that it reads back as itself.
std::string escape_references(std::string_view text);

}  // namespace forebay::config
