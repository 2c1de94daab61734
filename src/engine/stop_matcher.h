// Finds stop sequences in text that arrives in parts, across the parts' borders, and lets nothing of them
// through: the end of the text that may still become a stop sequence is held back until it is decided.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::engine {

class StopMatcher {
public:
    // Empty sequences are ignored. Of two that match, the one that begins first wins.
    explicit StopMatcher(std::vector<std::string> stops);

    // Takes the next part and appends to `out` what is certainly not part of a stop sequence. True once a
    // sequence has matched: the rest of the part is dropped, and nothing more may be pushed.
    bool push(std::string_view part, std::string& out);
    // The end: appends what was held back.
    void finish(std::string& out);

    // The sequence that matched, or empty.
    const std::string& matched() const { return matched_; }

private:
    bool find_match(std::size_t& at);
    std::size_t held_size() const;  // of the end of pending_ that may become a stop sequence

    std::vector<std::string> stops_;
    std::string pending_;
    std::string matched_;
};

}  // namespace forebay::engine
