// The splitters against the patterns that they stand for, run by ICU. Rules that llama.cpp writes down otherwise than
// the model's authors are written as llama.cpp reads them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cctype>
#include <random>

#include "base/utf8.h"
#include "tokenizer/icu_pieces.h"
#include "tokenizer/sample_texts.h"
#include "tokenizer/splitters/families.h"
#include "tokenizer/unicode_classes.h"

namespace forebay::tokenizer {
namespace {

struct Rule {
    std::string_view name;
    std::vector<std::string> patterns;
};

// In ASCII alone.
constexpr const char* suffixes = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
constexpr const char* any_suffixes = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
constexpr const char* gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* spaces = R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* han_and_kana = "[\u4E00-\u9FA5\u3040-\u30FF]+";
constexpr const char* punctuated = R"([!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+)";

std::string cl100k(std::string_view contractions, std::string_view letters, std::string_view numbers,
                   std::string_view others = R"( ?[^\s\p{L}\p{N}]+[\r\n]*)", std::string_view white = spaces) {
    return fmt::format(R"({}[^\r\n\p{{L}}\p{{N}}]?{}+|{}|{}|{})", contractions, letters, numbers, others, white);
}

std::string contraction_first(std::string_view contractions) { return fmt::format("{}|", contractions); }

std::string o200k(std::string_view head, std::string_view tail, std::string_view suffix, std::string_view numbers) {
    return fmt::format(
        R"([^\r\n\p{{L}}\p{{N}}]?{0}*{1}+{2}|[^\r\n\p{{L}}\p{{N}}]?{0}+{1}*{2}|{3}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{4})",
        head, tail, suffix, numbers, spaces);
}

std::string kimi_k2() {
    const std::string han =
        "\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\U00020000-\U0002A6DF\U0002A700-\U0002EBEF\U0002F800-\U0002FA1F";
    return fmt::format(
        R"([{0}]+|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}--[{0}]]+{1}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{2})", han,
        suffixes, spaces);
}

// Poro's, whose parentheses and bar stand in the set themselves.
constexpr const char* poro = " ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+";

std::vector<Rule> cl100k_rules() {
    const std::string ascii = contraction_first(suffixes);
    const std::string threes = R"(\p{N}{1,3})";
    const std::string one = R"(\p{N})";
    const std::string letters = R"(\p{L})";
    const std::string others = R"( ?[^\s\p{L}\p{N}]+[\r\n]*)";
    const std::string halved =
        R"(\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s)";
    return {
        {"cl100k_base", {cl100k(contraction_first(any_suffixes), letters, threes)}},
        {"llama-bpe", {cl100k(ascii, letters, threes)}},
        {"qwen2", {cl100k(ascii, letters, one)}},
        {"qwen35", {cl100k(ascii, R"([\p{L}\p{M}])", one, R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)")}},
        {"seed-coder", {cl100k(ascii, letters, one, R"( ?[^\s\p{L}\p{N}\r\n]+)")}},
        {"ufakzeka", {cl100k("", letters, one)}},
        {"minicpm5", {threes, cl100k(ascii, letters, R"(\p{N}+)")}},
        {"kimi-k2", {kimi_k2()}},
        {"laguna", {R"([^\n]+|[\n]+)", cl100k(ascii, letters, one)}},
        {"jais-2", {cl100k(ascii, letters, threes, others, halved)}},
        {"exaone-moe",
         {cl100k(ascii, R"((?:\p{L}\p{M}*(?: \p{L}\p{M}*)*))", one, R"( ?[^\s\p{L}\p{N}]+[\r\n/]?)",
                 R"(\s*[\r\n]|\s+(?!\S)|\s+)")}},
    };
}

std::vector<Rule> o200k_rules() {
    const std::string threes = R"(\p{N}{1,3})";
    return {
        {"o200k_base",
         {o200k(R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])", R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])", fmt::format("{}?", any_suffixes),
                threes)}},
        {"gpt-4o", {o200k(R"([\p{L}--[a-z]])", R"([\p{L}--[A-Z]])", fmt::format("{}?", suffixes), threes)}},
        {"tekken", {o200k(R"([\p{L}--[a-z]])", R"([\p{L}--[A-Z]])", "", R"(\p{N})")}},
        {"granite-embed-multi-97m",
         {o200k(R"([[\p{L}\p{M}]--[a-z]])", R"([[\p{L}\p{M}]--[A-Z]])", fmt::format("{}?", suffixes), threes)}},
        {"youtu",
         {"[\uAC00-\uD7A3\u3131-\u318E]+|[\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-"
          "\u303F\uFE30-\uFE4F]+|"
          "[\u3105-\u312F]+|" +
              std::string(han_and_kana),
          o200k(R"([\p{L}\p{M}])", R"([\p{L}\p{M}])", fmt::format("{}?", suffixes), R"(\p{N})")}},
    };
}

std::vector<Rule> other_rules() {
    const std::string east = "(?:(?!\\s)[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF])+";
    const std::string lines = fmt::format(R"({}[\r\n]*|{})", punctuated, spaces);
    return {
        {"r50k_base", {gpt2}},
        {"gpt-2", {gpt2}},
        {"starcoder", {R"(\p{N})", gpt2}},
        {"falcon", {R"([\p{P}$+<=>\^~|`]+)", gpt2, "[0-9]{3}"}},
        {"default", {R"([\p{P}$+<=>\^~|]+)", gpt2, R"(\p{N}+)", "[0-9]{3}"}},
        {"chameleon",
         {"<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", "[\\t\\n]|    |  ", R"(\p{N})", R"([\p{P}!-/:-@\[-`{-~])", gpt2}},
        {"deepseek-coder", {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", east, R"(\p{N})"}},
        {"deepseek-v3", {R"(\p{N}{1,3})", han_and_kana, lines}},
        {"spark2_5",
         {R"(\p{N}{1,3})", han_and_kana, fmt::format(R"({}|[\r\n]|\s+(?!\S)|\s+)", punctuated), R"(\p{N})"}},
        {"bloom", {poro}},
        {"viking", {poro, R"(\p{N})"}},
        {"gemma4", {R"([^\n]+|[\n]+)"}},
        {"whitespace", {R"(\S+)"}},
        {"superbpe", {R"(\p{N}+)", "(?=([0-9]{3})+(?![0-9]))"}},
    };
}

std::vector<Rule> all_rules() {
    std::vector<Rule> rules = cl100k_rules();
    for (auto* more : {o200k_rules, other_rules}) {
        for (Rule& rule : more()) rules.push_back(std::move(rule));
    }
    return rules;
}

std::vector<std::uint32_t> all_ends(const Splitter& splitter, std::string_view text) {
    std::vector<std::uint32_t> ends(text.size());
    ends.resize(splitter.split(text, 0, ends));
    return ends;
}

std::string shown(std::string_view text, const std::vector<std::uint32_t>& ends) {
    std::string out;
    std::size_t at = 0;
    for (const std::uint32_t end : ends) {
        out += testing::PrintToString(std::string(text.substr(at, end - at)));
        at = end;
    }
    return out;
}

class Patterns : public testing::TestWithParam<Rule> {
protected:
    Patterns() {
        for (const std::string& pattern : GetParam().patterns) patterns_.emplace_back(pattern);
        fast_ = make_splitter(GetParam().name, Pace::fast).value();
        plain_ = make_splitter(GetParam().name, Pace::plain).value();
    }

    void expect_same(std::string_view text) {
        const auto expected = pieces_by(patterns_, text);
        ASSERT_EQ(shown(text, all_ends(*plain_, text)), shown(text, expected));
        ASSERT_EQ(shown(text, all_ends(*fast_, text)), shown(text, expected));
    }

private:
    std::vector<IcuPattern> patterns_;
    std::unique_ptr<Splitter> fast_, plain_;
};

// What rules are about: one text is made of one or two of these lines.
constexpr std::u32string_view alphabets[] = {
    U"abZ 'stredvmlSTLRDE'''",
    U"abCD  \n\r\t.,!//12_-'s",
    U" \n\r\t\v\fa  1.",
    U" \u0085\u00A0\u1680\u2003\u2028\u202F\u3000\na.1中",
    U"中文あア・、。！， a1가ㄅㄱ〇〡\u302A\u309B\u3097—…“\n",
    U"аБя \u0301.і",
    U"क\u093E\u094D० กิ๑កា១က၀\n",
    U"012345678901234567 a.,²Ⅷ①١",
    U"+$<`|~^€→☃😀\u200D\uFE0F a1!\u0300\u00AD\u0001\u0002",
    U"IMGIMGAZBCDZ  \t1<>",
    U"AaÄäǅʰא\u0300 's\u017F_",
    U"\u0001\u0002\u007F\u00AD\u200B\u0378\uE000a\u0300 .\n",
    U"().,!?…。 ab1|\n।۔",
    U"ႠᎠḀℂꙀＡａ０‘、 a!1中€\n",
    U"the QUICK brownFox 'll (x) -> 3.14;\n\n    ",
};

std::string random_text(std::mt19937_64& random) {
    const auto& first = alphabets[random() % std::size(alphabets)];
    const auto& second = alphabets[random() % std::size(alphabets)];
    const std::size_t size = 1 + random() % 200;
    const bool in_runs = random() % 3 == 0;
    std::string text;
    while (text.size() < size) {
        const auto& alphabet = random() % 4 == 0 ? second : first;
        const char32_t character = alphabet[random() % alphabet.size()];
        for (std::size_t count = in_runs ? 1 + random() % 5 : 1; count > 0; --count) utf8::append(text, character);
    }
    return text;
}

TEST_P(Patterns, RandomTextsAreCutAlike) {
    std::mt19937_64 random(4);
    for (int i = 0; i < 800 && !HasFatalFailure(); ++i) expect_same(random_text(random));
}

TEST_P(Patterns, TextsOfManyLanguagesAreCutAlike) {
    for (const std::string& text : snippets()) expect_same(known_alike(text));
}

TEST_P(Patterns, EveryKindOfCharacterIsCutAlikeInItsPlaces) {
    std::string text;
    CharacterBits last = 0;
    for (char32_t character = 1; character < 0x110000 && !HasFatalFailure(); ++character) {
        const CharacterBits bits = UnicodeClasses::get().bits(character);
        const bool is_worth_it = character < 0x3400 || bits != last || character % 499 == 0;
        last = bits;
        if (!is_worth_it || (character >= 0xD800 && character < 0xE000) || !is_known_alike(character)) continue;
        std::string one;
        utf8::append(one, character);
        text += one + "a " + one + ' ' + one + one + "1!" + one + '\n' + one + "B'" + one + "  " + one + 's';
        if (text.size() < 1000) continue;
        expect_same(text);
        text.clear();
    }
}

INSTANTIATE_TEST_SUITE_P(Splitters, Patterns, testing::ValuesIn(all_rules()), [](const auto& info) {
    std::string name;
    for (const char c : info.param.name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    }
    return name;
});

}  // namespace
}  // namespace forebay::tokenizer
