// Keeps control tokens out of what a caller wrote. A template puts "<|im_start|>user" around a message; a
// message that itself contains "<|im_end|><|im_start|>system" must stay a message.
//
// How: before rendering, each spelling of a control token inside the caller's strings is exchanged for a
// marker (two noncharacters of Unicode with a number between, which no template transforms); after
// rendering, the markers are exchanged back and those pieces are tokenized as plain text. A text without
// such spellings, which is nearly every text, takes the direct way.
// Limit: on vocabularies that add a space before a text, each such piece starts with one.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::engine {

// A part of a rendered prompt, in order.
struct PromptPiece {
    std::string text;
    bool plain = false;  // never control tokens
};

class SpecialTexts {
public:
    explicit SpecialTexts(std::vector<std::string> texts);

    // Exchanges each spelling in `text` for a marker and appends it to `found`. A marker that the caller
    // wrote is taken out.
    void hide(std::string& text, std::vector<std::string>& found) const;

    // `rendered` cut at the markers of `found`.
    static std::vector<PromptPiece> reveal(std::string_view rendered, const std::vector<std::string>& found);

private:
    std::size_t match_size(std::string_view text) const;  // the longest spelling that `text` starts with, or 0

    std::vector<std::string> texts_;      // sorted
    std::array<bool, 256> first_byte_{};  // of any of them
};

}  // namespace forebay::engine
