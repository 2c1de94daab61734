// Collects every Problem of one file, so that one run of `config check` shows them all.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace forebay::config {

struct Position {
    int line = 0;    // from 1; 0: no place
    int column = 0;  // from 1, in bytes
};

class ProblemList {
public:
    static constexpr std::size_t problems_max = 50;

    explicit ProblemList(std::string file) : file_(std::move(file)) {}

    void add(Position at, std::string message);
    bool empty() const { return problems_.empty(); }
    // Later ones are only counted: a costly hint would be for nothing.
    bool full() const { return problems_.size() >= problems_max; }
    // In the file's order; past problems_max, one last entry says how many more there are.
    std::vector<Problem> take();

private:
    std::string file_;
    std::vector<Problem> problems_;  // in the file's order
    std::size_t dropped_count_ = 0;
};

// `text` in single quotes for a message: at most 60 bytes of it, without control characters.
std::string shown(std::string_view text);

}  // namespace forebay::config
