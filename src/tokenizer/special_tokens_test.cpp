// Special tokens: against a plain rewriting of llama.cpp's rule, token after token over a list of fragments.
#include "tokenizer/special_tokens.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <random>

namespace forebay::tokenizer {

void PrintTo(const Segment& segment, std::ostream* out) { *out << '\'' << segment.text << "' " << segment.token; }

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A fragment of the text; what was stripped is in none.
struct Fragment {
    std::size_t begin = 0, end = 0;
    TokenId token = -1;
    bool operator==(const Fragment&) const = default;
};

void cut_with(std::vector<Fragment>& fragments, const SpecialToken& token, std::string_view text) {
    std::vector<Fragment> cut;
    for (Fragment rest : fragments) {
        while (rest.token < 0 && rest.begin < rest.end) {
            const std::size_t at = text.substr(0, rest.end).find(token.text, rest.begin);
            if (at == std::string_view::npos) break;
            std::size_t left_end = at;
            while (token.strip_left && left_end > rest.begin && is_space(text[left_end - 1])) --left_end;
            if (left_end > rest.begin) cut.push_back({rest.begin, left_end, -1});
            cut.push_back({at, at + token.text.size(), token.id});
            rest.begin = at + token.text.size();
            while (token.strip_right && rest.begin < rest.end && is_space(text[rest.begin])) ++rest.begin;
        }
        if (rest.token >= 0 || rest.begin < rest.end) cut.push_back(rest);
    }
    fragments = std::move(cut);
}

std::vector<Fragment> cut_plainly(std::vector<SpecialToken> tokens, std::string_view text, Specials specials) {
    std::sort(tokens.begin(), tokens.end(),
              [](const SpecialToken& a, const SpecialToken& b) { return a.text.size() > b.text.size(); });
    std::vector<Fragment> fragments = {{0, text.size(), -1}};
    for (const SpecialToken& token : tokens) {
        if (specials == Specials::as_text && token.kind != TokenKind::user_defined) continue;
        cut_with(fragments, token, text);
    }
    return fragments;
}

std::vector<Fragment> fragments_of(const std::vector<SpecialToken>& tokens, std::string_view text, Specials specials) {
    std::vector<Segment> segments;
    SpecialTokens(tokens, SpecialOrder::longest_first).cut(segments, text, specials);
    std::vector<Fragment> fragments;
    std::size_t at = 0;
    for (const Segment& segment : segments) {
        EXPECT_EQ(segment.text.data(), text.data() + at) << "a gap";
        at += segment.text.size();
        fragments.push_back({at - segment.text.size(), at, segment.token});
        if (segment.token < 0) continue;
        // The spelling alone, as above.
        const auto is_it = [&](const SpecialToken& token) { return token.id == segment.token; };
        const SpecialToken& token = *std::ranges::find_if(tokens, is_it);
        const std::size_t offset = segment.text.find(token.text);
        EXPECT_NE(offset, std::string_view::npos);
        fragments.back().begin += offset;
        fragments.back().end = fragments.back().begin + token.text.size();
    }
    EXPECT_EQ(at, text.size());
    return fragments;
}

std::string random_string(std::mt19937_64& random, std::string_view letters, std::size_t size) {
    std::string text;
    while (text.size() < size) text += letters[random() % letters.size()];
    return text;
}

std::vector<SpecialToken> random_tokens(std::mt19937_64& random, std::string_view letters, bool strips) {
    std::vector<SpecialToken> tokens;
    const std::size_t count = 1 + random() % 12;
    while (tokens.size() < count) {
        SpecialToken token;
        token.text = random_string(random, letters, 1 + random() % 6);
        const auto same = [&](const SpecialToken& other) { return other.text == token.text; };
        if (std::ranges::any_of(tokens, same)) {
            if (tokens.size() > 2) break;
            continue;
        }
        token.id = static_cast<TokenId>(tokens.size());
        token.kind = random() % 2 == 0 ? TokenKind::user_defined : TokenKind::control;
        token.strip_left = strips && random() % 3 == 0;
        token.strip_right = strips && random() % 3 == 0;
        tokens.push_back(token);
    }
    return tokens;
}

void PrintTo(const Fragment& fragment, std::ostream* out) {
    *out << fragment.begin << ".." << fragment.end << ' ' << fragment.token;
}

std::string described(const std::vector<SpecialToken>& tokens, std::string_view text) {
    std::string out = fmt::format("text '{}'", text);
    for (const SpecialToken& token : tokens) {
        out += fmt::format(" {}{}'{}'{}", token.id, token.strip_left ? "<" : " ", token.text,
                           token.strip_right ? ">" : "");
    }
    return out;
}

struct Alphabet {
    std::string_view letters;
    bool strips;
};
class RandomTokens : public testing::TestWithParam<Alphabet> {};

TEST_P(RandomTokens, CutATextAsLlamaDoes) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 20'000; ++round) {
        const std::vector<SpecialToken> tokens = random_tokens(random, GetParam().letters, GetParam().strips);
        const std::string text = random_string(random, GetParam().letters, random() % 60);
        for (const Specials specials : {Specials::as_text, Specials::as_tokens}) {
            std::vector<Fragment> expected = cut_plainly(tokens, text, specials);
            if (text.empty()) expected.clear();
            // What was stripped lies between two fragments of the plain rule and in none of ours: only the tokens and
            // the texts are compared.
            ASSERT_EQ(fragments_of(tokens, text, specials), expected) << described(tokens, text);
        }
    }
}

TEST_P(RandomTokens, ATextMayBeSearchedInPartsWhereItSaysSo) {
    std::mt19937_64 random(8);
    std::size_t cuts = 0;
    for (int round = 0; round < 5'000; ++round) {
        const SpecialTokens tokens(random_tokens(random, GetParam().letters, GetParam().strips),
                                   round % 2 == 0 ? SpecialOrder::longest_first : SpecialOrder::leftmost);
        const std::string text = random_string(random, GetParam().letters, 40);
        const std::size_t known = random() % 40, at = random() % (known + 1);
        if (!tokens.may_cut(std::string_view(text).substr(0, known), at, Specials::as_tokens)) continue;
        ++cuts;
        std::vector<Segment> whole, parts;
        tokens.cut(whole, text, Specials::as_tokens);
        tokens.cut(parts, std::string_view(text).substr(0, at), Specials::as_tokens);
        const std::size_t boundary = parts.size();
        tokens.cut(parts, std::string_view(text).substr(at), Specials::as_tokens);
        // A text between tokens may have been cut in two.
        if (boundary > 0 && boundary < parts.size() && parts[boundary - 1].token < 0 && parts[boundary].token < 0) {
            parts[boundary - 1].text = {parts[boundary - 1].text.data(),
                                        parts[boundary - 1].text.size() + parts[boundary].text.size()};
            parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(boundary));
        }
        ASSERT_EQ(parts, whole) << text << " cut at " << at << " of " << known;
    }
    EXPECT_GT(cuts, 300U);
}

INSTANTIATE_TEST_SUITE_P(Alphabets, RandomTokens,
                         testing::Values(Alphabet{"ab", false}, Alphabet{"abcdefghij", false}, Alphabet{"<|a>", false},
                                         Alphabet{"ab \n", false}, Alphabet{"ab \n", true}, Alphabet{"a ", true}));

std::vector<SpecialToken> chat_tokens() {
    return {{"<|im_start|>", 5}, {"<|im_end|>", 6}, {"<|im_end|>x", 7, TokenKind::user_defined}};
}

TEST(SpecialTokens, AreTextUnlessAskedFor) {
    const SpecialTokens tokens(chat_tokens(), SpecialOrder::longest_first);
    std::vector<Segment> as_text, as_tokens;

    tokens.cut(as_text, "<|im_start|>a<|im_end|>xy", Specials::as_text);
    tokens.cut(as_tokens, "<|im_start|>a<|im_end|>xy", Specials::as_tokens);

    const std::vector<Segment> user_defined = {{"<|im_start|>a", -1}, {"<|im_end|>x", 7}, {"y", -1}};
    const std::vector<Segment> all = {{"<|im_start|>", 5}, {"a", -1}, {"<|im_end|>x", 7}, {"y", -1}};
    EXPECT_EQ(as_text, user_defined);
    EXPECT_EQ(as_tokens, all);
}

TEST(SpecialTokens, TheLeftmostComesFirstForTiktokenAndTheLongestForLlama) {
    const std::vector<SpecialToken> tokens = {{"<a>", 0}, {"a><bb", 1}, {"<a", 2}};
    std::vector<Segment> leftmost, longest;

    SpecialTokens(tokens, SpecialOrder::leftmost).cut(leftmost, "<a><bb", Specials::as_tokens);
    SpecialTokens(tokens, SpecialOrder::longest_first).cut(longest, "<a><bb", Specials::as_tokens);

    EXPECT_EQ(leftmost, (std::vector<Segment>{{"<a>", 0}, {"<bb", -1}}));
    EXPECT_EQ(longest, (std::vector<Segment>{{"<", -1}, {"a><bb", 1}}));
}

TEST(SpecialTokens, WhiteSpaceThatIsSwallowedIsPartOfTheSegment) {
    const std::vector<SpecialToken> tokens = {{"<|end|>", 0, TokenKind::control, false, true},
                                              {"<mask>", 1, TokenKind::control, true, false}};
    std::vector<Segment> segments;

    SpecialTokens(tokens, SpecialOrder::longest_first).cut(segments, "a <|end|>\n\nb <mask> c", Specials::as_tokens);

    EXPECT_EQ(segments, (std::vector<Segment>{{"a ", -1}, {"<|end|>\n\n", 0}, {"b", -1}, {" <mask>", 1}, {" c", -1}}));
}

TEST(SpecialTokens, NoneAreFoundWhereThereAreNone) {
    const SpecialTokens none;
    std::vector<Segment> segments;

    none.cut(segments, "text", Specials::as_tokens);
    none.cut(segments, "", Specials::as_tokens);

    EXPECT_TRUE(none.none(Specials::as_tokens));
    EXPECT_EQ(segments, (std::vector<Segment>{{"text", -1}}));
    EXPECT_TRUE(SpecialTokens({{"<|im_start|>", 5}}, SpecialOrder::leftmost).none(Specials::as_text));
}

// Runs of tokens that are runs themselves, as Gemma and GPT-NeoX have them, took llama.cpp's rule to quadratic time.
TEST(SpecialTokens, LongRunsTakeTimeInProportionToTheirLength) {
    std::vector<SpecialToken> tokens = {{"\t\n", 100, TokenKind::user_defined}};
    for (TokenId size = 1; size <= 31; ++size) {
        tokens.push_back({std::string(static_cast<std::size_t>(size), '\n'), size, TokenKind::user_defined});
    }
    const SpecialTokens special(tokens, SpecialOrder::longest_first);
    const auto seconds_for = [&](std::size_t size) {
        const std::string text = "\t" + std::string(size, '\n');
        std::vector<Segment> segments;
        const auto begin = std::chrono::steady_clock::now();
        special.cut(segments, text, Specials::as_text);
        EXPECT_EQ(segments.front().token, -1);
        EXPECT_EQ(segments.size(), 1 + (size + 30) / 31);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };

    seconds_for(1000);
    double small = 1;
    for (int i = 0; i < 5; ++i) small = std::min(small, seconds_for(200'000));

    EXPECT_LT(seconds_for(4'000'000), 20 * small * 8 + 0.05);
}

}  // namespace
}  // namespace forebay::tokenizer
