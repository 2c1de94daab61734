#include "config/problem_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/utf8.h"

namespace forebay::config {

void ProblemList::add(Position at, std::string message) {
    if (full()) {
        ++dropped_count_;
        return;
    }
    Problem problem{file_, at.line, at.column, std::move(message)};
    const auto earlier = [](const Problem& x, const Problem& y) {
        return std::tie(x.line, x.column) < std::tie(y.line, y.column);
    };
    const auto place = std::ranges::upper_bound(problems_, problem, earlier);
    problems_.insert(place, std::move(problem));
}

std::vector<Problem> ProblemList::take() {
    if (dropped_count_ > 0) {
        problems_.push_back({file_, 0, 0, fmt::format("and {} more problems, not shown", dropped_count_)});
    }
    return std::move(problems_);
}

std::string shown(std::string_view text) {
    constexpr std::size_t bytes_max = 60;
    const bool cut = text.size() > bytes_max;
    if (cut) text = text.substr(0, bytes_max);
    std::string clean = utf8::sanitized(text.substr(0, utf8::whole_prefix_size(text)));
    std::ranges::replace_if(clean, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return fmt::format("'{}{}'", clean, cut ? "…" : "");
}

std::string to_string(const Problem& problem) {
    if (problem.line == 0) return fmt::format("{}: {}", problem.file, problem.message);
    return fmt::format("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
}

std::string to_string(const std::vector<Problem>& problems) {
    std::string out;
    for (const auto& problem : problems) {
        if (!out.empty()) out.push_back('\n');
        out += to_string(problem);
    }
    return out;
}

}  // namespace forebay::config
