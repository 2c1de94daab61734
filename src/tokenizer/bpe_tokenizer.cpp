#include "tokenizer/bpe_tokenizer.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "tokenizer/piece_cache.h"
#include "tokenizer/piece_encoder.h"
#include "tokenizer/splitter.h"

namespace forebay::tokenizer {
namespace {

bool is_special_kind(TokenKind kind) {
    return kind == TokenKind::control || kind == TokenKind::unknown || kind == TokenKind::user_defined;
}

std::string_view name_of(VocabularyKind kind) {
    switch (kind) {
        case VocabularyKind::ranks:
        case VocabularyKind::byte_merges: return "byte-level BPE";
        case VocabularyKind::text_merges: return "BPE over characters";
        case VocabularyKind::sentence_piece: return "SentencePiece BPE";
    }
    return "";
}

void append_marked(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == ' ') {
            out += space_mark;
        } else {
            out += c;
        }
    }
}

// Whether the last character may be white space, as Unicode has it, or a control character.
bool may_be_white(std::string_view text) {
    const auto last = static_cast<unsigned char>(text.back());
    if (last < 0x80) return last <= ' ';
    const std::string_view end = text.substr(text.size() - std::min<std::size_t>(3, text.size()));
    return end.contains('\xC2') || end.starts_with("\xE1\x9A") || end.starts_with("\xE2\x80") ||
           end.starts_with("\xE2\x81") || end.starts_with("\xE3\x80");
}

std::string unmarked(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const bool mark = text.substr(at).starts_with(space_mark);
        out += mark ? ' ' : text[at];
        at += mark ? space_mark.size() : 1;
    }
    return out;
}

std::vector<SpecialToken> special_tokens_in(const TokenTable& table) {
    std::vector<SpecialToken> out;
    for (TokenId id = 0; id < static_cast<TokenId>(table.token_count()); ++id) {
        const TokenKind kind = table.kind_of(id);
        if (!is_special_kind(kind) || table.text_of(id).empty()) continue;
        out.push_back({std::string(table.text_of(id)), id, kind, table.strips_left(id), table.strips_right(id)});
    }
    return out;
}

class BpeTokenizer final : public Tokenizer {
public:
    BpeTokenizer(TokenTable table, const Splitter* splitter, std::string name,
                 const std::vector<SpecialToken>& specials)
        : table_(std::move(table)),
          splitter_(splitter),
          specials_(specials, table_.special_order()),
          number_(next_tokenizer_number()) {
        std::size_t vocabulary = table_.token_count();
        std::size_t bytes_max = table_.token_bytes_max();
        for (const SpecialToken& special : specials) {
            special_text_.emplace(special.id, special);
            vocabulary = std::max(vocabulary, static_cast<std::size_t>(special.id) + 1);
            bytes_max = std::max(bytes_max, special.text.size());
        }
        info_ = {std::move(name),
                 std::string(name_of(table_.kind())),
                 std::string(table_.splitter()),
                 std::string(table_.source()),
                 vocabulary,
                 bytes_max,
                 table_.begin(),
                 table_.end(),
                 table_.add_begin(),
                 table_.add_end()};
        if (table_.spaces_are_marks()) unmark_tokens();
    }

    const TokenizerInfo& info() const override { return info_; }

    void append_tokens(std::vector<TokenId>& out, std::string_view text, EncodeOptions options) const override {
        if (options.add_begin_end && table_.add_begin()) out.push_back(table_.begin());
        for_each_part(text, options.specials, [&](std::string_view part, TokenId token, bool spaced) {
            if (token >= 0) {
                out.push_back(token);
            } else {
                encode_part(part, spaced,
                            [&](PieceEncoder& encoder, std::string_view input) { encoder.append_tokens(out, input); });
            }
        });
        if (options.add_begin_end && table_.add_end()) out.push_back(table_.end());
    }

    std::size_t count(std::string_view text, EncodeOptions options) const override {
        std::size_t sum = 0;
        if (options.add_begin_end) sum += (table_.add_begin() ? 1U : 0U) + (table_.add_end() ? 1U : 0U);
        for_each_part(text, options.specials, [&](std::string_view part, TokenId token, bool spaced) {
            if (token >= 0) {
                ++sum;
            } else {
                encode_part(part, spaced,
                            [&](PieceEncoder& encoder, std::string_view input) { sum += encoder.count(input); });
            }
        });
        return sum;
    }

    Result<std::vector<Offset>> append_with_offsets(std::vector<TokenId>& out, std::string_view text,
                                                    EncodeOptions options) const override;

    std::string_view bytes_of(TokenId token) const override {
        if (token < 0 || static_cast<std::size_t>(token) >= info_.vocabulary) return {};
        if (!special_text_.empty()) {
            if (const auto special = special_text_.find(token); special != special_text_.end())
                return special->second.text;
        }
        const auto index = static_cast<std::size_t>(token);
        if (index >= table_.token_count()) return {};
        if (unmarked_offsets_.empty()) return table_.text_of(token);
        return std::string_view(unmarked_text_)
            .substr(unmarked_offsets_[index], unmarked_offsets_[index + 1] - unmarked_offsets_[index]);
    }

    bool is_special(TokenId token) const override {
        const auto special = special_text_.find(token);
        return special != special_text_.end() && special->second.kind != TokenKind::user_defined;
    }

    TokenId find(std::string_view bytes) const override {
        for (const auto& [id, special] : special_text_) {
            if (special.text == bytes) return id;
        }
        if (!table_.spaces_are_marks()) return table_.find_text(bytes);
        std::string marked;
        append_marked(marked, bytes);
        return table_.find_text(marked);
    }

    Result<std::string> decode(std::span<const TokenId> tokens, Specials specials) const override;

    std::size_t last_cut(std::string_view text, EncodeOptions options) const override {
        if (splitter_ == nullptr || table_.space_prefix()) return 0;
        std::string_view last = text;
        if (!specials_.none(options.specials)) {
            std::vector<Segment> segments;
            specials_.cut(segments, text, options.specials);
            if (segments.empty() || segments.back().token >= 0) return 0;
            last = segments.back().text;
        }
        const std::size_t base = text.size() - last.size();
        std::size_t cut = splitter_->last_cut(last);
        // White space at the end of a text may be cut otherwise than where more follows.
        while (cut > 0 &&
               (may_be_white(last.substr(0, cut)) || !specials_.may_cut(text, base + cut, options.specials))) {
            cut = splitter_->last_cut(last.substr(0, cut - 1));
        }
        return cut == 0 ? 0 : base + cut;
    }

private:
    // Calls `visit` with each part of `text`: a special token, or text and whether a space belongs before it.
    template <class Visit>
    void for_each_part(std::string_view text, Specials specials, const Visit& visit) const {
        if (text.empty()) return;
        if (specials_.none(specials)) return visit(text, TokenId{-1}, table_.space_prefix());
        std::vector<Segment> segments;
        specials_.cut(segments, text, specials);
        bool after_special = true;
        for (const Segment& segment : segments) {
            visit(segment.text, segment.token, table_.space_prefix() && after_special);
            after_special = segment.token >= 0;
        }
    }

    template <class Encode>
    void encode_part(std::string_view text, bool spaced, const Encode& encode) const {
        PieceEncoder encoder(table_, splitter_, thread_memory(number_));
        if (!table_.spaces_are_marks()) return encode(encoder, text);
        encode(encoder, marked(text, spaced));
    }

    static std::string marked(std::string_view text, bool spaced) {
        std::string out;
        out.reserve(text.size() + text.size() / 2 + space_mark.size());
        if (spaced) out += space_mark;
        append_marked(out, text);
        return out;
    }

    void unmark_tokens() {
        unmarked_offsets_.push_back(0);
        for (TokenId id = 0; id < static_cast<TokenId>(table_.token_count()); ++id) {
            const bool ordinary = table_.kind_of(id) == TokenKind::normal;
            unmarked_text_ += ordinary ? unmarked(table_.text_of(id)) : std::string(table_.text_of(id));
            unmarked_offsets_.push_back(static_cast<std::uint32_t>(unmarked_text_.size()));
        }
    }

    Result<void> append_part_offsets(std::vector<Offset>& offsets, std::span<const TokenId> tokens,
                                     std::string_view part, std::size_t base, bool spaced) const;

    std::optional<std::size_t> size_in(std::string_view rest, std::string_view bytes, TokenId token) const;

    TokenTable table_;
    const Splitter* splitter_;
    SpecialTokens specials_;
    std::unordered_map<TokenId, SpecialToken> special_text_;
    std::uint64_t number_;
    TokenizerInfo info_;
    std::string unmarked_text_;  // where spaces are marks: of each token
    std::vector<std::uint32_t> unmarked_offsets_;
};

// Walks over the text along the bytes that each token stands for.
Result<void> BpeTokenizer::append_part_offsets(std::vector<Offset>& offsets, std::span<const TokenId> tokens,
                                               std::string_view part, std::size_t base, bool spaced) const {
    std::size_t at = 0;
    bool skips_space = spaced;
    for (const TokenId token : tokens) {
        std::string_view bytes = bytes_of(token);
        if (skips_space && bytes.starts_with(' ')) bytes.remove_prefix(1);
        skips_space = false;
        const auto size = size_in(part.substr(at), bytes, token);
        // A byte of a mark, or one that the vocabulary has no token for.
        if (!size) {
            return fail(Code::unavailable, "'{}' has tokens for parts of the text that have no place of their own",
                        info_.name);
        }
        offsets.push_back({base + at, base + at + *size});
        at += *size;
    }
    if (at != part.size()) {
        return fail(Code::unavailable, "'{}' has no tokens for some bytes of the text: places are not known",
                    info_.name);
    }
    return {};
}

// How much of `rest` a token with these bytes was made of, if it was.
std::optional<std::size_t> BpeTokenizer::size_in(std::string_view rest, std::string_view bytes, TokenId token) const {
    std::size_t size = 0;
    for (const char c : bytes) {
        if (size < rest.size() && rest[size] == c) {
            ++size;
        } else if (table_.spaces_are_marks() && c == ' ' && rest.substr(size).starts_with(space_mark)) {
            // A mark that was in the text stays one, with its three bytes.
            size += space_mark.size();
        } else {
            // The token of a byte may have been made of its spelling, "<0x0A>".
            const std::size_t spelled = table_.size_of(static_cast<Symbol>(token));
            const bool is_spelling = bytes.size() == 1 && rest.starts_with("<0x") && spelled <= rest.size();
            return is_spelling ? std::optional(spelled) : std::nullopt;
        }
    }
    return size;
}

Result<std::vector<Offset>> BpeTokenizer::append_with_offsets(std::vector<TokenId>& out, std::string_view text,
                                                              EncodeOptions options) const {
    std::vector<Offset> offsets;
    const std::size_t first = out.size();
    if (options.add_begin_end && table_.add_begin()) {
        out.push_back(table_.begin());
        offsets.push_back({});
    }
    Result<void> walked;
    for_each_part(text, options.specials, [&](std::string_view part, TokenId token, bool spaced) {
        const auto base = static_cast<std::size_t>(part.data() - text.data());
        const std::size_t begin = out.size();
        if (token >= 0) {
            out.push_back(token);
            offsets.push_back({base, base + part.size()});
            return;
        }
        encode_part(part, spaced,
                    [&](PieceEncoder& encoder, std::string_view input) { encoder.append_tokens(out, input); });
        if (walked) walked = append_part_offsets(offsets, std::span(out).subspan(begin), part, base, spaced);
    });
    if (!walked) {
        out.resize(first);
        return std::unexpected(walked.error());
    }
    if (options.add_begin_end && table_.add_end()) {
        out.push_back(table_.end());
        offsets.push_back({text.size(), text.size()});
    }
    return offsets;
}

Result<std::string> BpeTokenizer::decode(std::span<const TokenId> tokens, Specials specials) const {
    std::string out;
    bool skips_space = table_.space_prefix();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const TokenId token = tokens[i];
        if (token < 0 || static_cast<std::size_t>(token) >= info_.vocabulary) {
            return fail(Code::invalid_argument, "tokens[{}] is {}, and '{}' has ids from 0 to {}", i, token, info_.name,
                        info_.vocabulary - 1);
        }
        const bool special = is_special(token);
        if (special && specials == Specials::as_text) continue;
        std::string_view bytes = bytes_of(token);
        if (skips_space && !special && bytes.starts_with(' ')) bytes.remove_prefix(1);
        skips_space = skips_space && special && token == table_.begin();
        out += bytes;
    }
    return out;
}

Result<const Splitter*> splitter_of(const TokenTable& table) {
    if (table.splitter().empty()) return nullptr;
    return find_splitter(table.splitter());
}

}  // namespace

Result<TokenizerPtr> make_bpe_tokenizer(TokenTable table) {
    std::vector<SpecialToken> specials = special_tokens_in(table);
    std::string name(table.name());
    return make_bpe_tokenizer(std::move(table), std::move(name), std::move(specials));
}

Result<TokenizerPtr> make_bpe_tokenizer(TokenTable table, std::string name, std::vector<SpecialToken> specials) {
    FOREBAY_TRY(const Splitter* splitter, splitter_of(table));
    for (const SpecialToken& special : specials) {
        const auto index = static_cast<std::size_t>(special.id);
        const bool ordinary =
            special.id >= 0 && index < table.token_count() &&
            (table.kind_of(special.id) == TokenKind::normal || table.kind_of(special.id) == TokenKind::byte);
        if (special.id < 0 || ordinary) {
            return fail(Code::invalid_argument, "'{}' cannot have the id {} in '{}'", special.text, special.id, name);
        }
    }
    return std::make_shared<const BpeTokenizer>(std::move(table), splitter, std::move(name), specials);
}

}  // namespace forebay::tokenizer
