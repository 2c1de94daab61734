// tokenizer.json from hostile bytes; what is read is then encoded with.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/tokenizer_json.h"
#include "use_vocabulary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    use_vocabulary(forebay::tokenizer::parse_tokenizer_json(text, "a tokenizer.json"));
    return 0;
}
