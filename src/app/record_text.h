// How a journal record is shown to people: one row of a table, or a page. Missing fields are tolerated, and
// whatever a caller has sent is made harmless for a terminal.
#pragma once
#include <string>
#include <string_view>

namespace forebay::app {

std::string record_row_heading();
// Without a line end.
std::string record_row(std::string_view payload);
// Every field on a line of its own.
std::string record_page(std::string_view payload);

// Whether the record is the call with this id.
bool record_has_id(std::string_view payload, std::string_view id);

// `text` with control characters and invalid UTF-8 replaced by U+FFFD.
std::string printable(std::string_view text);

}  // namespace forebay::app
