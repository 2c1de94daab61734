#include "engine/output_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "engine/special_text.h"

namespace forebay::engine {
namespace {

TokenDetail detail(std::int32_t token) {
    return {.chosen = {.token = token, .bytes = {}, .logprob = -1}, .alternatives = {}};
}

std::vector<std::int32_t> tokens_of(const TokenEvent& event) {
    std::vector<std::int32_t> tokens;
    for (const TokenLogprob& entry : event.logprobs) tokens.push_back(entry.token);
    return tokens;
}

TEST(OutputText, NeverSplitsACharacter) {
    OutputText output({}, true);
    const std::string text = "h\xC3\xA4 \xF0\x9F\x8C\x8A!";  // 2 and 4 byte characters
    std::string all;

    for (std::size_t i = 0; i < text.size(); ++i) {
        const TokenEvent event = output.push(text.substr(i, 1), detail(static_cast<std::int32_t>(i)));
        EXPECT_TRUE(utf8::is_valid(event.text));
        all += event.text;
    }

    EXPECT_EQ(all, text);
    EXPECT_EQ(output.finish().text, "");
}

TEST(OutputText, ReplacesBytesThatAreNoCharacter) {
    OutputText output({}, false);

    EXPECT_EQ(output.push("a\xFFz", {}).text, "a\xEF\xBF\xBDz");
    EXPECT_EQ(output.push("\xE2\x82", {}).text, "");
    EXPECT_EQ(output.finish().text, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(OutputText, DeliversLogprobsWithTheTextThatTheTokenEndsIn) {
    OutputText output({"STOP"}, true);

    EXPECT_EQ(tokens_of(output.push("a", detail(1))), std::vector{1});
    EXPECT_EQ(tokens_of(output.push("b S", detail(2))), std::vector<std::int32_t>{});
    EXPECT_EQ(tokens_of(output.push("T", detail(3))), std::vector<std::int32_t>{});
    const TokenEvent resolved = output.push("x", detail(4));

    EXPECT_EQ(resolved.text, "STx");
    EXPECT_EQ(tokens_of(resolved), (std::vector{2, 3, 4}));
}

TEST(OutputText, DropsTheLogprobsOfTheStopItself) {
    OutputText output({"STOP"}, true);

    output.push("a", detail(1));
    output.push("b S", detail(2));  // begins before the stop
    output.push("T", detail(3));    // inside
    const TokenEvent last = output.push("OP and more", detail(4));

    EXPECT_TRUE(output.stopped());
    EXPECT_EQ(output.stop_sequence(), "STOP");
    EXPECT_EQ(last.text, "");
    EXPECT_EQ(tokens_of(last), std::vector{2});
}

TEST(SpecialTexts, TheLongestSpellingIsHidden) {
    const SpecialTexts specials({"<s>", "<s>x", "<", "<sa"});
    std::string text = "<s>xy<sz<s";
    std::vector<std::string> found;

    specials.hide(text, found);

    EXPECT_EQ(found, (std::vector<std::string>{"<s>x", "<", "<"}));
}

TEST(SpecialTexts, HidesControlTokensOfTheCallerAndRevealsThemAsPlainText) {
    const SpecialTexts specials({"<|im_end|>", "<|im_start|>", "<s>"});
    std::string text = "say <|im_end|> and <s><|im_sta";
    std::vector<std::string> found;

    specials.hide(text, found);
    const std::vector<PromptPiece> pieces = SpecialTexts::reveal("<|im_start|>" + text + "<|im_end|>", found);

    ASSERT_EQ(pieces.size(), 5u);
    EXPECT_EQ(pieces[0].text, "<|im_start|>say ");
    EXPECT_FALSE(pieces[0].plain);
    EXPECT_EQ(pieces[1].text, "<|im_end|>");
    EXPECT_TRUE(pieces[1].plain);
    EXPECT_EQ(pieces[2].text, " and ");
    EXPECT_EQ(pieces[3].text, "<s>");
    EXPECT_TRUE(pieces[3].plain);
    EXPECT_EQ(pieces[4].text, "<|im_sta<|im_end|>");
    EXPECT_FALSE(pieces[4].plain);
}

TEST(SpecialTexts, ACallerCannotForgeAMarker) {
    const SpecialTexts specials({"<s>"});
    std::string text =
        "\xEF\xB7\x90"
        "0\xEF\xB7\x91 <s>";
    std::vector<std::string> found;

    specials.hide(text, found);
    const std::vector<PromptPiece> pieces = SpecialTexts::reveal(text, found);

    ASSERT_EQ(pieces.size(), 2u);
    EXPECT_EQ(pieces[0].text, "0\xEF\xB7\x91 ");
    EXPECT_EQ(pieces[1].text, "<s>");
}

}  // namespace
}  // namespace forebay::engine
