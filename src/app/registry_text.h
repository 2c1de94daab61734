// How the registry's versions are shown to people. What came from outside is made harmless for a terminal.
#pragma once
#include <string>
#include <vector>

#include "registry/dataset.h"
#include "registry/registry.h"

namespace forebay::app {

// A table, one version a line, with a heading.
std::string version_table(const std::vector<registry::Version>& versions);

// Every fact of the root on a line of its own, its parents with their names, and how its labels moved.
std::string version_page(const registry::LineageNode& root, const std::vector<registry::LabelMove>& moves);

// A tree, one node a line, drawn with box characters.
std::string lineage_tree(const registry::LineageNode& root);
// The same as an SVG picture that stands alone.
std::string lineage_svg(const registry::LineageNode& root);

// What a dataset's report says, with a bar for each length. `compared`: with another split, so that leaks are known.
std::string report_page(const registry::DatasetReport& report, bool compared);

// "12.3 MB".
std::string size_text(std::uint64_t bytes);
// "1,234,567".
std::string count_text(std::uint64_t count);

}  // namespace forebay::app
