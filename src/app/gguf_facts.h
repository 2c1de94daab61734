// What a GGUF file says about itself, without loading it.
#pragma once
#include <cstdint>
#include <string>

#include "base/error.h"
#include "registry/registry.h"

namespace forebay::app {

struct GgufFacts {
    registry::Kind kind = registry::Kind::model;  // adapter where general.type says so
    std::string architecture;                     // "llama"
    std::string name;                             // general.name, may be empty
    std::string weights;                          // the type of most parameters: "q8_0"
    std::uint64_t parameters = 0;
    std::uint64_t context_tokens = 0;  // 0: not said, here and below
    std::uint64_t layers = 0;
    std::uint64_t width = 0;
    std::uint64_t vocabulary_tokens = 0;
    bool chat_template = false;
};

// not_found; invalid_argument: no GGUF, damaged, or one that is neither a whole model nor an adapter. Blocks.
Result<GgufFacts> read_gguf_facts_blocking(const std::string& file);
// An object, for registry::Origin::details_json.
std::string to_json(const GgufFacts& facts);
// "llama, 12.3 M parameters, q8_0".
std::string to_line(const GgufFacts& facts);

}  // namespace forebay::app
