#include "tokenizer/rank_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <unordered_map>
#include <utility>

#include "tokenizer/read_file.h"

namespace forebay::tokenizer {
namespace {

constexpr RankEncoding encodings[] = {
    {"r50k_base", "r50k_base", "r50k_base"},    {"p50k_base", "p50k_base", "p50k_base"},
    {"p50k_edit", "p50k_base", "p50k_base"},    {"cl100k_base", "cl100k_base", "cl100k_base"},
    {"o200k_base", "o200k_base", "o200k_base"}, {"o200k_harmony", "o200k_base", "o200k_base"},
};
constexpr std::string_view usual_splitter = "cl100k_base";

constexpr std::uint64_t file_bytes_max = 256U << 20;
// How far ranks may reach above the number of lines: what a hostile line can make the table grow.
constexpr std::size_t holes_max = 65'536;

// The value of each base64 digit, or -1.
constexpr std::array<std::int8_t, 256> digit_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < digits.size(); ++i) {
        values[static_cast<unsigned char>(digits[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

// RFC 4648, with padding and without anything else.
std::optional<std::string> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    std::size_t count = 0;
    for (const char c : text) {
        const int value = digit_values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count);
            bits &= (1U << count) - 1;
        }
    }
    if (bits != 0) return std::nullopt;
    return bytes;
}

std::string_view next_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

struct RankLine {
    std::string bytes;
    std::uint32_t rank = 0;
};

Result<RankLine> parse_line(std::string_view line, std::size_t number, std::string_view source) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) {
        return fail(Code::invalid_argument, "rank file '{}', line {}: there is no space between token and rank", source,
                    number);
    }
    std::optional<std::string> bytes = decode_base64(line.substr(0, space));
    if (!bytes) {
        return fail(Code::invalid_argument, "rank file '{}', line {}: the token is not base64", source, number);
    }
    std::uint32_t rank = 0;
    const std::string_view digits = line.substr(space + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    if (error != std::errc() || end != digits.data() + digits.size() || rank > INT32_MAX) {
        return fail(Code::invalid_argument, "rank file '{}', line {}: the rank is not a number", source, number);
    }
    return RankLine{*std::move(bytes), rank};
}

class RankFileParser {
public:
    RankFileParser(std::string_view text, std::string_view source) : text_(text), source_(source) {}

    Result<std::vector<Token>> parse() {
        const auto lines = static_cast<std::size_t>(std::ranges::count(text_, '\n')) + 1;
        std::string_view rest = text_;
        for (std::size_t number = 1; !rest.empty(); ++number) {
            const std::string_view line = next_line(rest);
            if (line.empty()) continue;
            FOREBAY_TRY(RankLine entry, parse_line(line, number, source_));
            if (entry.rank >= lines + holes_max) {
                return fail(Code::invalid_argument,
                            "rank file '{}', line {}: rank {} is too high for a file of {} lines", source_, number,
                            entry.rank, lines);
            }
            FOREBAY_TRY_VOID(add(std::move(entry), number));
        }
        for (std::size_t byte = 0; byte < 256; ++byte) {
            if (!line_of_.contains(std::string(1, static_cast<char>(byte)))) {
                return fail(Code::invalid_argument, "rank file '{}' has no token for the byte 0x{:02X}", source_, byte);
            }
        }
        return std::move(tokens_);
    }

private:
    Result<void> add(RankLine entry, std::size_t number) {
        if (tokens_.size() <= entry.rank)
            tokens_.resize(entry.rank + std::size_t{1}, Token{.bytes = {}, .kind = TokenKind::unused});
        Token& token = tokens_[entry.rank];
        if (token.kind != TokenKind::unused) {
            return fail(Code::invalid_argument, "rank file '{}', line {}: rank {} was given before, in line {}",
                        source_, number, entry.rank, line_of_.at(token.bytes));
        }
        if (const auto [place, is_new] = line_of_.emplace(entry.bytes, number); !is_new) {
            return fail(Code::invalid_argument, "rank file '{}', line {}: the token was given before, in line {}",
                        source_, number, place->second);
        }
        token = {.bytes = std::move(entry.bytes), .kind = TokenKind::normal};
        return {};
    }

    std::string_view text_, source_;
    std::vector<Token> tokens_;
    std::unordered_map<std::string, std::size_t> line_of_;
};

std::vector<SpecialToken> harmony_tokens() {
    std::vector<SpecialToken> tokens = {
        {"<|startoftext|>", 199998},
        {"<|endoftext|>", 199999},
        {"<|reserved_200000|>", 200000},
        {"<|reserved_200001|>", 200001},
        {"<|return|>", 200002},
        {"<|constrain|>", 200003},
        {"<|reserved_200004|>", 200004},
        {"<|channel|>", 200005},
        {"<|start|>", 200006},
        {"<|end|>", 200007},
        {"<|message|>", 200008},
        {"<|reserved_200009|>", 200009},
        {"<|reserved_200010|>", 200010},
        {"<|reserved_200011|>", 200011},
        {"<|call|>", 200012},
    };
    for (TokenId id = 200013; id <= 201087; ++id) {
        if (id == 200018) tokens.push_back({"<|endofprompt|>", id});
        tokens.push_back({fmt::format("<|reserved_{}|>", id), id});
    }
    return tokens;
}

}  // namespace

std::span<const RankEncoding> rank_encodings() { return encodings; }

const RankEncoding* find_rank_encoding(std::string_view name) {
    const auto found = std::ranges::find(encodings, name, &RankEncoding::name);
    return found == std::end(encodings) ? nullptr : found;
}

std::vector<SpecialToken> special_tokens_of(const RankEncoding& encoding) {
    if (encoding.name == "o200k_harmony") return harmony_tokens();
    if (encoding.name == "o200k_base") return {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}};
    if (encoding.name == "cl100k_base") {
        return {{"<|endoftext|>", 100257},
                {"<|fim_prefix|>", 100258},
                {"<|fim_middle|>", 100259},
                {"<|fim_suffix|>", 100260},
                {"<|endofprompt|>", 100276}};
    }
    std::vector<SpecialToken> tokens = {{"<|endoftext|>", 50256}};
    if (encoding.name == "p50k_edit") {
        tokens.push_back({"<|fim_prefix|>", 50281});
        tokens.push_back({"<|fim_middle|>", 50282});
        tokens.push_back({"<|fim_suffix|>", 50283});
    }
    return tokens;
}

Result<Vocabulary> parse_rank_file(std::string_view text, std::string_view source, const RankFileSettings& settings) {
    Vocabulary vocabulary;
    vocabulary.kind = VocabularyKind::ranks;
    vocabulary.special_order = SpecialOrder::leftmost;
    vocabulary.name = settings.name;
    vocabulary.source = source;
    const RankEncoding* encoding = find_rank_encoding(settings.name);
    vocabulary.splitter = !settings.splitter.empty() ? settings.splitter
                          : encoding                 ? encoding->splitter
                                                     : usual_splitter;
    FOREBAY_TRY(vocabulary.tokens, RankFileParser(text, source).parse());
    if (encoding == nullptr) return vocabulary;
    for (const SpecialToken& special : special_tokens_of(*encoding)) {
        const auto id = static_cast<std::size_t>(special.id);
        if (vocabulary.tokens.size() <= id)
            vocabulary.tokens.resize(id + 1, Token{.bytes = {}, .kind = TokenKind::unused});
        Token& token = vocabulary.tokens[id];
        if (token.kind == TokenKind::control) continue;  // its second spelling
        if (token.kind != TokenKind::unused) {
            return fail(Code::invalid_argument, "rank file '{}' is not {}'s: rank {} is that of the special token '{}'",
                        source, settings.name, id, special.text);
        }
        token = {.bytes = special.text, .kind = TokenKind::control};
        if (special.text == "<|endoftext|>") vocabulary.end = special.id;
    }
    return vocabulary;
}

Result<Vocabulary> read_rank_file_blocking(const std::string& path, RankFileSettings settings) {
    FOREBAY_TRY(const std::string text, read_file_blocking(path, "rank file", file_bytes_max));
    if (settings.name.empty()) settings.name = std::filesystem::path(path).stem().string();
    return parse_rank_file(text, path, settings);
}

}  // namespace forebay::tokenizer
