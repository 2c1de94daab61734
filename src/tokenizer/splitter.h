// Splitters (pre-tokenizers): where a text is cut into pieces before tokens are merged inside each. Hand-written
// scanners; no regular expressions at run time.
//
// Threads  any: const.
// Source   llama.cpp's names and rules (llama-vocab.cpp, llm_tokenizer_bpe), and tiktoken's patterns for the rank files
//          (openai_public.py). Bytes that are not UTF-8 count as U+FFFD each, a symbol.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace forebay::tokenizer {

class Splitter {
public:
    virtual ~Splitter() = default;

    // Cuts `text` from byte `from` on: writes where each piece ends (bytes from the start of `text`) until `ends` is
    // full or the text is. Returns how many; 0 only at the end of the text. `from` is 0 or an end that was written
    // before; a piece never depends on what stands before it. Texts below 4 GiB.
    virtual std::size_t split(std::string_view text, std::size_t from, std::span<std::uint32_t> ends) const = 0;

    // See Tokenizer::last_cut: the last end of a piece that stays one whatever follows `text`, or 0.
    virtual std::size_t last_cut(std::string_view text) const = 0;

    virtual std::string_view name() const = 0;
};

// By llama.cpp's name ("qwen2", "llama-bpe", "gpt-2", …) or a rank file's ("r50k_base", "p50k_base", "cl100k_base",
// "o200k_base"). The splitters live as long as the program. not_found: there is none of that name.
Result<const Splitter*> find_splitter(std::string_view name);

}  // namespace forebay::tokenizer
