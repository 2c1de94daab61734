// What is worth knowing about a dataset before it is trained on: repeated rows, prompts that both splits have, lengths.
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <unordered_map>

#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "registry/dataset.h"

namespace forebay::registry {
namespace {

// How many examples of each kind are told; together at most 10.
constexpr std::size_t duplicates_told = 3;
constexpr std::size_t leaks_told = 3;
constexpr std::size_t over_long_told = 2;
constexpr std::size_t empty_told = 2;

struct DigestHash {
    std::size_t operator()(const Sha256& digest) const {
        std::size_t word = 0;
        for (std::size_t i = 0; i < sizeof word; ++i) word = word << 8 | digest[i];
        return word;
    }
};
// The digest of a content, and the line where it is found first.
using FirstLines = std::unordered_map<Sha256, std::uint64_t, DigestHash>;

void add_part(Sha256Stream& hash, std::string_view text) {
    hash.add(std::to_string(text.size()));
    hash.add(":");
    hash.add(text);
}

Sha256 content_of(const Row& row) {
    Sha256Stream hash;
    for (const Message& message : row.messages) {
        add_part(hash, message.role);
        add_part(hash, message.content);
    }
    add_part(hash, row.text);
    return hash.finish();
}

// The lower case of a character of two bytes in UTF-8, where it is a fixed distance away.
char32_t lower_of(char32_t c) {
    const bool latin = (c >= 0xC0 && c <= 0xDE && c != 0xD7);
    const bool greek = (c >= 0x391 && c <= 0x3A9);
    const bool cyrillic = (c >= 0x410 && c <= 0x42F);
    if (latin || greek || cyrillic) return c + 0x20;
    return c >= 0x400 && c <= 0x40F ? c + 0x50 : c;
}

// `text` in lower case, each run of digits as one 0, each run of space as one space, none at the ends.
std::string normalized(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = std::max<std::size_t>(utf8::sequence_size(text.substr(at)), 1);
        const auto first = static_cast<unsigned char>(text[at]);
        if (size == 2) {
            const auto second = static_cast<unsigned char>(text[at + 1]);
            const char32_t lower = lower_of(static_cast<char32_t>((first & 0x1F) << 6 | (second & 0x3F)));
            out.push_back(static_cast<char>(0xC0 | lower >> 6));
            out.push_back(static_cast<char>(0x80 | (lower & 0x3F)));
        } else if (size > 2) {
            out += text.substr(at, size);
        } else if (first >= '0' && first <= '9') {
            if (!out.ends_with('0')) out.push_back('0');
        } else if (first == ' ' || (first >= '\t' && first <= '\r')) {
            if (!out.empty() && !out.ends_with(' ')) out.push_back(' ');
        } else {
            out.push_back(first >= 'A' && first <= 'Z' ? static_cast<char>(first + 0x20) : text[at]);
        }
        at += size;
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

// The prompt that leakage is judged by; nothing for a row without one.
std::optional<Sha256> prompt_of(const Row& row) {
    Sha256Stream hash;
    bool any = !row.text.empty();
    for (std::size_t i = 0; i + 1 < row.messages.size(); ++i) {
        add_part(hash, row.messages[i].role);
        add_part(hash, normalized(row.messages[i].content));
        any = true;
    }
    add_part(hash, normalized(row.text));
    if (!any) return std::nullopt;
    return hash.finish();
}

FirstLines prompts_of(const std::vector<Row>& rows) {
    FirstLines lines;
    for (const Row& row : rows)
        if (const auto prompt = prompt_of(row)) lines.try_emplace(*prompt, row.line);
    return lines;
}

// Counts, and tells the first few.
class Tally {
public:
    Tally(std::uint64_t& count, std::size_t told_max, std::vector<std::string>& examples)
        : count_(count), told_max_(told_max), examples_(examples) {}
    template <class... Args>
    void add(fmt::format_string<Args...> text, Args&&... args) {
        if (count_++ < told_max_) examples_.push_back(fmt::format(text, std::forward<Args>(args)...));
    }

private:
    std::uint64_t& count_;
    const std::size_t told_max_;
    std::vector<std::string>& examples_;
};

void add_length(DatasetReport& report, std::uint64_t tokens) {
    report.tokens += tokens;
    report.tokens_longest = std::max(report.tokens_longest, tokens);
    if (tokens == 0) return;
    const auto bucket = static_cast<std::size_t>(std::bit_width(tokens) - 1);
    if (report.length_histogram.size() <= bucket) report.length_histogram.resize(bucket + 1);
    ++report.length_histogram[bucket];
}

}  // namespace

DatasetReport report_on(const std::vector<Row>& rows, const std::vector<Row>& other, std::uint64_t context_tokens,
                        const CountTokens& count) {
    DatasetReport report;
    report.rows = rows.size();
    report.context_tokens = context_tokens;
    Tally duplicates(report.duplicates, duplicates_told, report.examples);
    Tally leaks(report.leaked, leaks_told, report.examples);
    Tally over_long(report.over_long, over_long_told, report.examples);
    Tally empty(report.empty, empty_told, report.examples);
    const FirstLines others = prompts_of(other);
    FirstLines seen;
    for (const Row& row : rows) {
        const auto [first, fresh] = seen.try_emplace(content_of(row), row.line);
        if (!fresh) duplicates.add("line {} repeats line {}", row.line, first->second);
        if (const auto prompt = others.empty() ? std::nullopt : prompt_of(row)) {
            const auto leak = others.find(*prompt);
            if (leak != others.end())
                leaks.add("line {} asks what line {} of the other split asks", row.line, leak->second);
        }
        const std::uint64_t tokens = count(row);
        add_length(report, tokens);
        if (tokens == 0) empty.add("line {} has nothing to predict", row.line);
        if (context_tokens > 0 && tokens > context_tokens)
            over_long.add("line {} is {} long, {} fit", row.line, tokens, context_tokens);
    }
    return report;
}

std::string to_json(const DatasetReport& report) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("rows", report.rows);
    object.field("duplicates", report.duplicates);
    object.field("leaked", report.leaked);
    object.field("empty", report.empty);
    object.field("over_long", report.over_long);
    object.field("unit", report.unit);
    object.field("tokens", report.tokens);
    object.field("tokens_longest", report.tokens_longest);
    object.field("context_tokens", report.context_tokens);
    object.raw("length_histogram", fmt::format("[{}]", fmt::join(report.length_histogram, ",")));
    std::string examples = "[";
    for (const std::string& example : report.examples) {
        if (examples.size() > 1) examples += ',';
        json::append_string(examples, example);
    }
    object.raw("examples", examples + "]");
    object.close();
    return out;
}

}  // namespace forebay::registry
