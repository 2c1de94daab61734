#include "engine/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace forebay::engine {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
    std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

bool StopMatcher::push(std::string_view part, std::string& out) {
    if (stops_.empty()) {
        out += part;
        return false;
    }
    pending_ += part;
    if (std::size_t at = 0; find_match(at)) {
        out.append(pending_, 0, at);
        pending_.clear();
        return true;
    }
    const std::size_t ready = pending_.size() - held_size();
    out.append(pending_, 0, ready);
    pending_.erase(0, ready);
    return false;
}

void StopMatcher::finish(std::string& out) { out += std::exchange(pending_, {}); }

bool StopMatcher::find_match(std::size_t& at) {
    at = std::string::npos;
    for (const std::string& stop : stops_) {
        const std::size_t found = pending_.find(stop);
        if (found < at) {
            at = found;
            matched_ = stop;
        }
    }
    return at != std::string::npos;
}

std::size_t StopMatcher::held_size() const {
    std::size_t held = 0;
    for (const std::string& stop : stops_) {
        for (std::size_t size = std::min(stop.size() - 1, pending_.size()); size > held; --size) {
            if (pending_.ends_with(std::string_view(stop).substr(0, size))) held = size;
        }
    }
    return held;
}

}  // namespace forebay::engine
