// Parsing JSON text with simdjson, without its one difference from the grammar: integers beyond 64 bits.
#pragma once
#include <simdjson.h>

#include <string>
#include <string_view>

namespace forebay::openai {

// Parses `text` (any capacity, copied by the parser). An integer of any length is a number, as RFC 8259 says;
// beyond 64 bits it is read as a double. The element lives until the parser's next parse.
simdjson::simdjson_result<simdjson::dom::element> parse_json(simdjson::dom::parser& parser, std::string_view text);

}  // namespace forebay::openai
