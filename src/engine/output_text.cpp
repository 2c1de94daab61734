#include "engine/output_text.h"

#include <utility>

#include "base/utf8.h"

namespace forebay::engine {

OutputText::OutputText(std::vector<std::string> stops, bool logprobs) : stops_(std::move(stops)), logprobs_(logprobs) {}

TokenEvent OutputText::push(std::string_view bytes, TokenDetail detail) {
    if (logprobs_) waiting_.push_back({bytes_pushed_, bytes_pushed_ + bytes.size(), std::move(detail)});
    bytes_pushed_ += bytes.size();
    std::string ready;
    stopped_ = stops_.push(bytes, ready);
    return take(std::move(ready), stopped_);
}

TokenEvent OutputText::finish() {
    std::string ready;
    stops_.finish(ready);
    return take(std::move(ready), true);
}

// `last`: nothing follows `ready`, so an incomplete character is passed on too (as U+FFFD).
TokenEvent OutputText::take(std::string ready, bool last) {
    partial_ += ready;
    const std::size_t size = last ? partial_.size() : utf8::whole_prefix_size(partial_);
    TokenEvent event;
    event.text = utf8::sanitized(std::string_view(partial_).substr(0, size));
    partial_.erase(0, size);
    bytes_passed_ += size;
    // A token belongs to the text that it ends in. One that a stop sequence cut goes with the text before
    // the cut; those behind the cut are not part of the output.
    const auto belongs = [&](const Waiting& token) {
        if (stopped_) return token.begin < bytes_passed_;
        return last || token.end <= bytes_passed_;
    };
    while (!waiting_.empty() && belongs(waiting_.front())) {
        event.logprobs.push_back(std::move(waiting_.front().detail.chosen));
        event.top_logprobs.push_back(std::move(waiting_.front().detail.alternatives));
        waiting_.pop_front();
    }
    if (stopped_) waiting_.clear();
    return event;
}

}  // namespace forebay::engine
