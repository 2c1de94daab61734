#include "engine/special_text.h"

#include <algorithm>
#include <charconv>

namespace forebay::engine {
namespace {

constexpr std::string_view marker_begin = "\xEF\xB7\x90";  // U+FDD0
constexpr std::string_view marker_end = "\xEF\xB7\x91";    // U+FDD1

}  // namespace

SpecialTexts::SpecialTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    std::ranges::sort(texts_);
    texts_.erase(std::ranges::unique(texts_).begin(), texts_.end());
    for (const std::string& text : texts_) first_byte_[static_cast<unsigned char>(text.front())] = true;
    first_byte_[static_cast<unsigned char>(marker_begin.front())] = true;
}

std::size_t SpecialTexts::match_size(std::string_view text) const {
    // Those that begin as `text` does lie beside each other; each further byte narrows them.
    auto begin = texts_.begin(), end = texts_.end();
    std::size_t longest = 0;
    for (std::size_t depth = 0; begin != end; ++depth) {
        if (begin->size() == depth) {
            longest = depth;
            ++begin;
        }
        if (depth == text.size()) break;
        const auto byte = [depth](const std::string& special) { return static_cast<unsigned char>(special[depth]); };
        const auto same = std::ranges::equal_range(begin, end, static_cast<unsigned char>(text[depth]), {}, byte);
        begin = same.begin();
        end = same.end();
    }
    return longest;
}

void SpecialTexts::hide(std::string& text, std::vector<std::string>& found) const {
    const auto interesting = [&](char c) { return first_byte_[static_cast<unsigned char>(c)]; };
    if (std::ranges::none_of(text, interesting)) return;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = std::string_view(text).substr(at);
        if (!interesting(rest.front())) {
            out.push_back(text[at++]);
        } else if (rest.starts_with(marker_begin)) {
            at += marker_begin.size();
        } else if (const std::size_t size = match_size(rest); size > 0) {
            out.append(marker_begin).append(std::to_string(found.size())).append(marker_end);
            found.emplace_back(rest.substr(0, size));
            at += size;
        } else {
            out.push_back(text[at++]);
        }
    }
    text = std::move(out);
}

std::vector<PromptPiece> SpecialTexts::reveal(std::string_view rendered, const std::vector<std::string>& found) {
    std::vector<PromptPiece> pieces;
    std::size_t done = 0;
    for (std::size_t at = rendered.find(marker_begin); !found.empty() && at != std::string_view::npos;
         at = rendered.find(marker_begin, at + 1)) {
        const std::size_t end = rendered.find(marker_end, at);
        if (end == std::string_view::npos) break;
        std::size_t index = 0;
        const char* const digits_end = rendered.data() + end;
        const auto [stop, error] = std::from_chars(rendered.data() + at + marker_begin.size(), digits_end, index);
        if (error != std::errc{} || stop != digits_end || index >= found.size()) continue;
        if (at > done) pieces.push_back({std::string(rendered.substr(done, at - done)), false});
        pieces.push_back({found[index], true});
        done = end + marker_end.size();
    }
    if (done < rendered.size()) pieces.push_back({std::string(rendered.substr(done)), false});
    return pieces;
}

}  // namespace forebay::engine
