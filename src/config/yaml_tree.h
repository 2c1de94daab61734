// YAML text as a tree with positions, within limits, so that no file can make the reader run away: at
// most 1 MiB, 32 levels and 100 000 nodes, aliases counted as often as they are used.
//
// Errors   each fault of the text is a Problem; a syntax error ends the reading. yaml-cpp's exceptions
//          stop here, and its messages are replaced: some of them repeat the text, which may be a secret.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem_list.h"

namespace forebay::config {

struct Node;
using NodePtr = std::shared_ptr<const Node>;  // an alias shares the node of its anchor

enum class NodeKind { null, scalar, sequence, mapping };

struct Entry {
    std::string key;
    Position key_at;
    NodePtr value;  // never null
};

struct Node {
    NodeKind kind = NodeKind::null;
    Position at;
    std::string text;            // scalar
    bool quoted = false;         // scalar: written with quotes or as a block, so not a number or a boolean
    std::vector<NodePtr> items;  // sequence
    std::vector<Entry> entries;  // mapping, in the file's order, without duplicates
    std::size_t node_count = 1;  // itself and all below it
};

inline constexpr std::size_t file_bytes_max = 1024 * 1024;
inline constexpr std::size_t depth_max = 32;
inline constexpr std::size_t node_count_max = 100'000;

// The one document in `text`; nullptr when it is empty or could not be read.
NodePtr parse_yaml(std::string_view text, ProblemList& problems);

}  // namespace forebay::config
