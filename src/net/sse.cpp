#include "net/sse.h"

#include <algorithm>

namespace forebay::net {

Result<void> SseParser::feed(std::string_view bytes) {
    bytes_.erase(0, parsed_);
    searched_ -= std::min(searched_, parsed_);
    parsed_ = 0;
    bytes_ += bytes;
    if (bytes_.size() + current_.data.size() > event_bytes_max_ + bytes.size()) {
        return fail(Code::bad_upstream, "the upstream sent an event larger than {} bytes", event_bytes_max_);
    }
    return {};
}

bool SseParser::next(Event& event) {
    if (!begun_ && !bytes_.empty()) {
        static constexpr std::string_view mark = "\xEF\xBB\xBF";
        if (bytes_.size() < mark.size() && mark.starts_with(bytes_)) return false;
        if (bytes_.starts_with(mark)) parsed_ = mark.size();
        begun_ = true;
    }
    while (!ended_ && parsed_ < bytes_.size()) {
        if (after_cr_ && bytes_[parsed_] == '\n') ++parsed_;
        after_cr_ = false;
        const auto end = bytes_.find_first_of("\r\n", std::max(parsed_, searched_));
        searched_ = std::min(end, bytes_.size());
        if (end == std::string::npos) break;
        after_cr_ = bytes_[end] == '\r';
        const std::size_t start = parsed_;
        parsed_ = end + 1;
        take_line(std::string_view(bytes_).substr(start, end - start));
    }
    if (!ended_) return false;
    ended_ = has_data_ = false;
    event = std::move(current_);
    current_ = {};
    return true;
}

void SseParser::take_line(std::string_view line) {
    if (line.empty()) {
        ended_ = has_data_;
        if (!has_data_) current_ = {};
        return;
    }
    const auto colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    const std::string_view field = line.substr(0, colon);
    if (field == "data") {
        if (has_data_) current_.data.push_back('\n');
        current_.data += value;
        has_data_ = true;
    } else if (field == "event") {
        current_.name = value;
    }
}

void append_event(std::string& out, std::string_view data) {
    out += "data: ";
    out += data;
    out += "\n\n";
}

}  // namespace forebay::net
