// Server-sent events: a parser for what upstreams send and the frame that we send (WHATWG HTML section 9.2).
//
// The parser takes bytes as they come, in any cut, with LF, CR or CRLF line ends, and gives whole events.
// Limits   an event above `event_bytes_max` is an error: nothing is held without bound.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace forebay::net {

class SseParser {
public:
    explicit SseParser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

    struct Event {
        std::string name;  // of the "event:" field; empty for none
        std::string data;  // the "data:" fields joined by a line feed
    };

    // Takes the next bytes. bad_upstream: an event is larger than the limit.
    Result<void> feed(std::string_view bytes);
    // Moves the next whole event to `event`; false when there is none yet. Comments and events without data
    // are passed over, as the specification says.
    bool next(Event& event);

private:
    void take_line(std::string_view line);

    const std::size_t event_bytes_max_;
    std::string bytes_;         // fed and not yet parsed
    std::size_t parsed_ = 0;    // of bytes_
    std::size_t searched_ = 0;  // of bytes_: no line end before it, so that a long line is searched once
    Event current_;             // the event whose lines are coming in
    bool has_data_ = false;
    bool ended_ = false;     // current_ is whole
    bool begun_ = false;     // the byte order mark, if any, is behind us
    bool after_cr_ = false;  // a line feed that comes next belongs to the line before
};

// Appends "data: " data "\n\n". `data` has no line end in it.
void append_event(std::string& out, std::string_view data);

}  // namespace forebay::net
