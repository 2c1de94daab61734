#include "tokenizer/growing_text.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace forebay::tokenizer {
namespace {

// The begin of the character at or before `at`.
std::size_t character_begin(std::string_view text, std::size_t at) {
    if (at >= text.size()) return text.size();
    std::size_t begin = at;
    while (begin > 0 && at - begin < 3 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    const std::size_t size = utf8::sequence_size(text.substr(begin));
    // Bytes that belong to no character may be cut anywhere.
    return begin + size > at ? begin : at;
}

}  // namespace

Result<std::string> StreamDecoder::add(TokenId token) {
    // The first token alone may lose what encoding puts before every text.
    if (std::exchange(first_, false)) {
        FOREBAY_TRY(const std::string bytes, tokenizer_.decode(std::span(&token, 1), specials_));
        // A begin token is followed by the first one of the text.
        first_ = token == tokenizer_.info().begin;
        waiting_ += bytes;
    } else {
        const bool known = token >= 0 && static_cast<std::size_t>(token) < tokenizer_.info().vocabulary;
        if (!known) {
            return fail(Code::invalid_argument, "there is no token {}: '{}' has ids from 0 to {}", token,
                        tokenizer_.info().name, tokenizer_.info().vocabulary - 1);
        }
        if (specials_ == Specials::as_tokens || !tokenizer_.is_special(token)) waiting_ += tokenizer_.bytes_of(token);
    }
    const std::size_t whole = utf8::whole_prefix_size(waiting_);
    std::string out = waiting_.substr(0, whole);
    waiting_.erase(0, whole);
    return out;
}

std::string StreamDecoder::finish() {
    first_ = true;
    return std::exchange(waiting_, {});
}

void GrowingCount::append(std::string_view text) {
    rest_ += text;
    if (rest_.size() < settle_bytes_) return;
    // What begin and end tokens add is counted with the rest, once.
    EncodeOptions inner = options_;
    inner.add_begin_end = false;
    const std::size_t cut = tokenizer_.last_cut(rest_, inner);
    if (cut > 0) {
        counted_ += tokenizer_.count(std::string_view(rest_).substr(0, cut), inner);
        rest_.erase(0, cut);
    }
    // Twice as much where there is nowhere to cut, so that looking for a place stays linear.
    settle_bytes_ = std::max<std::size_t>(4096, rest_.size() * 2);
}

std::size_t GrowingCount::count() const { return counted_ + tokenizer_.count(rest_, options_); }

std::size_t fitting_size(const Tokenizer& tokenizer, std::string_view text, std::size_t tokens_max,
                         EncodeOptions options) {
    std::vector<TokenId> tokens;
    const auto offsets = tokenizer.append_with_offsets(tokens, text, options);
    if (offsets && tokens.size() <= tokens_max) return text.size();
    const auto fits = [&](std::size_t size) { return tokenizer.count(text.substr(0, size), options) <= tokens_max; };
    if (offsets) {
        for (std::size_t kept = tokens_max; kept > 0; --kept) {
            const std::size_t size = character_begin(text, (*offsets)[kept - 1].end);
            if (size == 0 || fits(size)) return size;
        }
        return 0;
    }
    // Places are not known: by halves.
    if (fits(text.size())) return text.size();
    std::size_t low = 0;
    std::size_t high = text.size();
    while (low + 1 < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (fits(character_begin(text, middle))) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return character_begin(text, low);
}

}  // namespace forebay::tokenizer
