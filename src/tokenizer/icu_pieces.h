// Pieces by ICU's regular expressions: what the splitters' tests compare with.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace forebay::tokenizer {

// A pattern, with \s and \S for White_Space, which ICU has other sets for.
class IcuPattern {
public:
    explicit IcuPattern(std::string pattern);

    // Cuts `text`, which is UTF-8, at both ends of each match, and writes where the pieces end, `start` added.
    void cut(std::string_view text, std::size_t start, std::vector<std::uint32_t>& ends) const;

private:
    struct Closer {
        void operator()(void* expression) const;
    };
    std::unique_ptr<void, Closer> expression_;
};

// Each pattern inside the pieces of the one before it.
std::vector<std::uint32_t> pieces_by(const std::vector<IcuPattern>& patterns, std::string_view text);

// Whether ICU and our tables agree on whether there is such a character: they may be of different versions of Unicode.
bool is_known_alike(char32_t character);
// `text`, which is UTF-8, without the characters on which they do not agree.
std::string known_alike(std::string_view text);

}  // namespace forebay::tokenizer
