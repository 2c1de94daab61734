#include "comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>

#include "base/utf8.h"
#include "tokenizer/growing_text.h"

namespace forebay::differential {
namespace {

using tokenizer::EncodeOptions;
using tokenizer::Specials;

constexpr std::size_t findings_kept_max = 6;  // of one vocabulary and promise; the rest are counted
constexpr std::size_t shrink_tries_max = 4000;
constexpr std::string_view space_mark = "\xE2\x96\x81";

// The characters of `text`; bytes that are not UTF-8 alone.
std::vector<std::string> characters_of(std::string_view text) {
    std::vector<std::string> characters;
    const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        while (end < text.size() && end < at + 4 && continues(end)) ++end;
        if (!utf8::is_valid(text.substr(at, end - at))) end = at + 1;
        characters.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return characters;
}

std::string joined(const std::vector<std::string>& characters) {
    std::string text;
    for (const std::string& character : characters) text += character;
    return text;
}

// Takes characters away, half of them at once and then fewer, as long as the text stays broken.
std::string shrunk(const std::string& text, const std::function<bool(const std::string&)>& broken) {
    std::vector<std::string> characters = characters_of(text);
    std::size_t tries = 0;
    for (std::size_t part = std::max<std::size_t>(characters.size() / 2, 1); part > 0;) {
        bool smaller = false;
        for (std::size_t from = 0; from < characters.size() && ++tries < shrink_tries_max;) {
            std::vector<std::string> without = characters;
            const std::size_t to = std::min(from + part, without.size());
            without.erase(without.begin() + static_cast<std::ptrdiff_t>(from),
                          without.begin() + static_cast<std::ptrdiff_t>(to));
            if (broken(joined(without))) {
                characters = std::move(without);
                smaller = true;
            } else {
                from += part;
            }
        }
        if (part == 1 && !smaller) break;
        if (tries >= shrink_tries_max) break;
        part = std::max<std::size_t>(part / 2, 1);
    }
    return joined(characters);
}

std::string_view name_of(EncodeOptions options) {
    const bool specials = options.specials == Specials::as_tokens;
    if (options.add_begin_end) return specials ? ", specials as tokens, begin and end added" : ", begin and end added";
    return specials ? ", specials as tokens" : "";
}

std::string listed(std::span<const TokenId> tokens) {
    if (tokens.size() <= 40) return fmt::format("{}", fmt::join(tokens, " "));
    return fmt::format("{} … ({} tokens)", fmt::join(tokens.first(40), " "), tokens.size());
}

}  // namespace

std::string shown(std::string_view text) {
    std::string out = "\"";
    for (const std::string& character : characters_of(text)) {
        if (character == "\n") {
            out += "\\n";
        } else if (character == "\"" || character == "\\") {
            out += "\\" + character;
        } else if (character.size() == 1 && (character[0] < ' ' || character[0] > '~')) {
            out += fmt::format("\\x{:02X}\"\"", static_cast<unsigned char>(character[0]));
        } else if (character.size() > 1) {
            for (const char byte : character) out += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
            out += "\"\"";
        } else {
            out += character;
        }
    }
    return out + "\"";
}

Comparison::Comparison(std::string name, tokenizer::TokenizerPtr ours, std::unique_ptr<Peer> peer)
    : name_(std::move(name)), ours_(std::move(ours)), peer_(std::move(peer)) {
    const std::size_t size = ours_->info().vocabulary;
    std::size_t found = 0;
    for (std::size_t i = 0; i < size; ++i) found += ours_->is_special(static_cast<TokenId>(i)) ? 1U : 0U;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto token = static_cast<TokenId>(i);
        if (!ours_->is_special(token)) continue;
        if (seen++ % (found / 48 + 1) == 0) specials_.emplace_back(ours_->bytes_of(token));
    }
    std::erase(specials_, "");
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(2, static_cast<char>(byte));
        const auto back = ours_->decode(our_tokens(text, {}), Specials::as_tokens);
        kept_[static_cast<std::size_t>(byte)] = back && *back == text;
    }
    const auto mark = ours_->decode(our_tokens(space_mark, {}), Specials::as_tokens);
    marks_spaces_ = mark && *mark != space_mark;
}

std::vector<TokenId> Comparison::our_tokens(std::string_view text, EncodeOptions options) const {
    std::vector<TokenId> tokens;
    ours_->append_tokens(tokens, text, options);
    return tokens;
}

bool Comparison::differs(const std::string& text, EncodeOptions options) {
    const auto answers = peer_->encode(std::span(&text, 1), options);
    return answers && !answers->front().failed && answers->front().tokens != our_tokens(text, options);
}

std::string Comparison::both(const std::string& text, EncodeOptions options) {
    const auto answers = peer_->encode(std::span(&text, 1), options);
    return fmt::format("ours {}; theirs {}", listed(our_tokens(text, options)),
                       answers ? listed(answers->front().tokens) : "gone");
}

void Comparison::keep(std::string what, const std::string& text, const Broken& broken,
                      const std::function<std::string(const std::string&)>& detail) {
    ++totals_.findings;
    const std::string_view promise = std::string_view(what).substr(0, what.find_first_of(" ,"));
    const auto kept =
        std::ranges::count_if(findings_, [&](const Finding& one) { return one.what.starts_with(promise); });
    if (static_cast<std::size_t>(kept) >= findings_kept_max) return;
    Finding finding{name_, std::move(what), shrunk(text, broken), {}};
    const auto same = [&](const Finding& other) { return other.what == finding.what && other.text == finding.text; };
    if (std::ranges::any_of(findings_, same)) return;
    finding.detail = detail(finding.text);
    findings_.push_back(std::move(finding));
}

Result<void> Comparison::compare(std::span<const std::string> texts, EncodeOptions options) {
    FOREBAY_TRY(const std::vector<PeerAnswer> answers, peer_->encode(texts, options));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        ++totals_.texts;
        totals_.bytes += texts[i].size();
        totals_.tokens += answers[i].tokens.size();
        if (answers[i].failed) {
            ++totals_.peer_failures;
            continue;
        }
        if (our_tokens(texts[i], options) == answers[i].tokens) continue;
        keep(
            fmt::format("ids{}", name_of(options)), texts[i],
            [&](const std::string& text) { return differs(text, options); },
            [&](const std::string& text) { return both(text, options); });
    }
    return {};
}

void Comparison::expect(const std::string& text, const std::vector<TokenId>& expected) {
    ++totals_.texts;
    totals_.bytes += text.size();
    totals_.tokens += expected.size();
    const std::vector<TokenId> tokens = our_tokens(text, {});
    if (tokens == expected) return;
    ++totals_.findings;
    findings_.push_back(
        {name_, "ids of its .out file", text, fmt::format("ours {}; expected {}", listed(tokens), listed(expected))});
}

// Whether its tokens give `text` back. SentencePiece has one token for a space and its mark, and takes characters by
// their first byte alone.
bool Comparison::keeps(std::string_view text) const {
    if (marks_spaces_ && (!utf8::is_valid(text) || text.contains(space_mark))) return false;
    return std::ranges::all_of(text, [&](char byte) { return kept_[static_cast<unsigned char>(byte)]; });
}

// In order, inside the text, and of the tokens' own bytes where tokens are bytes of the text.
bool Comparison::offsets_hold(const std::string& text, EncodeOptions options) const {
    std::vector<TokenId> tokens;
    const auto offsets = ours_->append_with_offsets(tokens, text, options);
    if (!offsets) return offsets.error().code == Code::unavailable;
    if (tokens != our_tokens(text, options) || offsets->size() != tokens.size()) return false;
    const bool whole = keeps(text);
    std::size_t at = 0;
    for (const tokenizer::Offset& offset : *offsets) {
        if (offset.begin < at || offset.end < offset.begin || offset.end > text.size()) return false;
        if (whole && offset.begin != at && offset.begin != offset.end) return false;
        at = std::max(at, offset.end);
    }
    return !whole || at == text.size();
}

bool Comparison::cut_holds(const std::string& text, std::string_view more, EncodeOptions options) const {
    options.add_begin_end = false;
    const std::size_t cut = ours_->last_cut(text, options);
    if (cut > text.size()) return false;
    if (cut == 0) return true;
    const std::string whole = text + std::string(more);
    return ours_->count(whole, options) == ours_->count(std::string_view(whole).substr(0, cut), options) +
                                               ours_->count(std::string_view(whole).substr(cut), options);
}

// A text that grows by parts, and one that is streamed token by token.
bool Comparison::growth_holds(const std::string& text, std::string_view more, EncodeOptions options) const {
    tokenizer::GrowingCount growing(*ours_, options);
    growing.append(text);
    growing.append(more);
    return growing.count() == ours_->count(text + std::string(more), options);
}

bool Comparison::stream_holds(const std::string& text, EncodeOptions options) const {
    const std::vector<TokenId> tokens = our_tokens(text, options);
    const bool whole_characters = utf8::is_valid(text) && keeps(text);
    tokenizer::StreamDecoder decoder(*ours_, Specials::as_tokens);
    std::string streamed;
    for (const TokenId token : tokens) {
        const auto part = decoder.add(token);
        if (!part || (whole_characters && !utf8::is_valid(*part))) return false;
        streamed += *part;
    }
    streamed += decoder.finish();
    const auto whole = ours_->decode(tokens, Specials::as_tokens);
    return whole && *whole == streamed;
}

bool Comparison::fit_holds(const std::string& text, EncodeOptions options) const {
    const std::size_t tokens_max = our_tokens(text, options).size() / 2;
    const std::size_t size = tokenizer::fitting_size(*ours_, text, tokens_max, options);
    if (size > text.size()) return false;
    return size == 0 || ours_->count(std::string_view(text).substr(0, size), options) <= tokens_max;
}

void Comparison::check_alone(const std::string& text, std::string_view more, EncodeOptions options) {
    ++totals_.texts;
    totals_.bytes += text.size();
    const auto check = [&](std::string what, const Broken& holds_not) {
        const auto broken = [&](const std::string& each) {
            try {
                return holds_not(each);
            } catch (const std::exception&) {
                return true;
            }
        };
        if (broken(text)) {
            keep(fmt::format("{}{}", what, name_of(options)), text, broken, [](const std::string&) { return ""; });
        }
    };
    check("count",
          [&](const std::string& each) { return ours_->count(each, options) != our_tokens(each, options).size(); });
    check("offsets", [&](const std::string& each) { return !offsets_hold(each, options); });
    check(fmt::format("cut, then {}", shown(more)),
          [&](const std::string& each) { return !cut_holds(each, more, options); });
    check(fmt::format("growth by {}", shown(more)),
          [&](const std::string& each) { return !growth_holds(each, more, options); });
    check("stream", [&](const std::string& each) { return !stream_holds(each, options); });
    check("fit", [&](const std::string& each) { return !fit_holds(each, options); });
    // A special token may swallow the white space beside it, and what is added is taken off or spelled.
    if (options.specials == Specials::as_text && !options.add_begin_end) {
        check("round trip", [&](const std::string& each) {
            const auto back = ours_->decode(our_tokens(each, options), Specials::as_tokens);
            return !back || (keeps(each) && *back != each);
        });
    }
}

}  // namespace forebay::differential
