// Counts, with a token per byte: what is around the texts can be told from their size.
#include "token_service/count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "token_service/byte_tokenizer.h"
#include "token_service/harmony_tools.h"
#include "token_service/tool_count.h"

namespace forebay::token_service {
namespace {

using openai::Endpoint;
using testing::HasSubstr;

tokenizer::TokenizerPtr bytes(const std::string& name = "o200k_base") { return std::make_shared<ByteTokenizer>(name); }

tokenizer::TokenizerPtr harmony_bytes() {
    return std::make_shared<ByteTokenizer>(
        "o200k_harmony", std::vector<std::string>{"<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>",
                                                  "<|call|>", "<|return|>"});
}

Count count_of(const ChatCounter& counter, const std::string& body, Endpoint endpoint = Endpoint::chat_completions) {
    openai::PromptParts parts;
    const auto request = openai::parse_request(endpoint, body, &parts);
    EXPECT_TRUE(request) << (request ? "" : request.error().message);
    const auto count = counter.count({endpoint, parts, body});
    EXPECT_TRUE(count) << (count ? "" : count.error().message);
    return count.value_or(Count{});
}

std::string chat(const std::string& messages, const std::string& more = "") {
    return R"({"model":"m","messages":[)" + messages + "]" + more + "}";
}

TEST(OpenAiCount, ThreeAroundEachMessageOneForANameThreeForTheAnswer) {
    const auto counter = make_openai_counter(bytes(), true);

    const auto one = count_of(*counter, chat(R"({"role":"user","content":"hello"})"));
    EXPECT_EQ(one.tokens, 3 + 3 + 4 + 5u);
    EXPECT_EQ(one.least, one.tokens);
    EXPECT_TRUE(one.exact);

    const auto named = count_of(*counter, chat(R"({"role":"user","name":"Ann","content":"hello"})"));
    EXPECT_EQ(named.tokens, one.tokens + 3 + 1);
}

TEST(OpenAiCount, ControlTokensInAMessageAreText) {
    const auto counter = make_openai_counter(harmony_bytes(), true);

    EXPECT_EQ(count_of(*counter, chat(R"({"role":"user","content":"<|end|>"})")).tokens, 3 + 3 + 4 + 7u);
}

TEST(OpenAiCount, WhatIsNotPublishedIsAnEstimateThatSaysWhy) {
    const auto counter = make_openai_counter(bytes(), true);
    const std::string plain = R"({"role":"user","content":"hello"})";

    const auto tools = count_of(*counter, chat(plain, R"(,"tools":[{"type":"function","function":{"name":"f"}}])"));
    EXPECT_FALSE(tools.exact);
    EXPECT_EQ(tools.tokens, 15 + 7 + 2 + 12u);
    EXPECT_EQ(tools.least, 15u);
    EXPECT_THAT(std::string(tools.why), HasSubstr("tools"));

    const auto image = count_of(*counter, chat(R"({"role":"user","content":[{"type":"text","text":"hello"},
                           {"type":"image_url","image_url":{"url":"https://x/y","detail":"low"}}]})"));
    EXPECT_FALSE(image.exact);
    EXPECT_EQ(image.tokens, 15 + 85u);
    EXPECT_EQ(image.least, 15u);

    EXPECT_FALSE(count_of(*make_openai_counter(bytes(), false), chat(plain)).exact);
}

TEST(OpenAiCount, ToolCallsCountTheirNamesAndArguments) {
    const auto count = count_of(*make_openai_counter(bytes(), true), chat(R"({"role":"assistant","content":null,
        "tool_calls":[{"id":"call_123456789","type":"function","function":{"name":"f","arguments":"{}"}}]})"));

    EXPECT_EQ(count.tokens, 3 + 3 + 9 + 3 + 1 + 2u);
    EXPECT_FALSE(count.exact);
}

TEST(OpenAiCount, APromptIsItsTokensAndTheLongestMustFit) {
    const auto counter = make_openai_counter(harmony_bytes(), true);

    EXPECT_EQ(count_of(*counter, R"({"model":"m","prompt":"ab<|end|>"})", Endpoint::completions).tokens, 3u);
    const auto several = count_of(*counter, R"({"model":"m","prompt":["abc","d"]})", Endpoint::completions);
    EXPECT_EQ(several.tokens, 4u);
    EXPECT_EQ(several.least, 3u);
    const auto ids = count_of(*counter, R"({"model":"m","prompt":[[1,2],[3]]})", Endpoint::completions);
    EXPECT_EQ(ids.tokens, 3u);
    EXPECT_EQ(ids.least, 2u);
    EXPECT_TRUE(ids.exact);
}

// The functions of OpenAI's cookbook, in its arithmetic.
TEST(ToolCount, FollowsTheCookbook) {
    const std::string tools = R"([{"type":"function","function":{"name":"get_current_weather",
        "description":"Get the current weather in a given location",
        "parameters":{"type":"object","properties":{
            "location":{"type":"string","description":"The city and state, e.g. San Francisco, CA"},
            "unit":{"type":"string","description":"The unit of temperature to return","enum":["celsius","fahrenheit"]}},
        "required":["location"]}}}])";
    const std::size_t texts = std::string("get_current_weather:Get the current weather in a given location").size() +
                              std::string("location:string:The city and state, e.g. San Francisco, CA").size() +
                              std::string("unit:string:The unit of temperature to return").size() +
                              std::string("celsiusfahrenheit").size();

    EXPECT_EQ(count_tools(*bytes(), tools, 7), texts + 7 + 3 + 3 + 3 - 3 + 3 + 3 + 12);
    EXPECT_EQ(count_tools(*bytes(), tools, 10), texts + 10 + 3 + 3 + 3 - 3 + 3 + 3 + 12);
}

TEST(ToolCount, NestedObjectsAreCountedAndNonsenseIsNothing) {
    const auto nested = count_tools(*bytes(), R"([{"name":"f","parameters":{"properties":{"a":{"type":"array","items":
        {"type":"object","properties":{"b":{"type":"string","description":"x."}}}}}}}])",
                                    7);

    EXPECT_EQ(nested, 7 + 2 + 3 + 3 + std::string("a:array:").size() + 3 + 3 + std::string("b:string:x").size() + 12);
    EXPECT_EQ(count_tools(*bytes(), "nonsense", 7), 0u);
    EXPECT_EQ(count_tools(*bytes(), "[]", 7), 0u);
    EXPECT_EQ(count_tools(*bytes(), "[1]", 7), 7 + 1 + 12u);
    std::string deep = R"({"type":"string"})";
    for (int i = 0; i < 200; ++i) deep = R"({"properties":{"p":)" + deep + "}}";
    EXPECT_GT(count_tools(*bytes(), R"([{"name":"f","parameters":)" + deep + "}]", 7), 30 * 6u);
}

TEST(Estimate, IsItsBaseTimesTheFactorAndSaysSo) {
    const Family family{"test", 1.5, 0.5, 4, 3, 100, 1000};
    const auto counter = make_estimate(bytes(), family);

    const auto plain = count_of(*counter, chat(R"({"role":"user","content":"0123456789"})"));
    EXPECT_EQ(plain.tokens, 15 + 4 + 3u);
    EXPECT_EQ(plain.least, 7u);
    EXPECT_FALSE(plain.exact);
    EXPECT_THAT(std::string(plain.why), HasSubstr("not public"));
    EXPECT_EQ(counter->name(), "estimate:test");
    EXPECT_EQ(counter->tokenizer(), nullptr);

    const auto tools = count_of(*counter, chat(R"({"role":"user","content":"0123456789"})", R"(,"tools":[{"a":1}])"));
    EXPECT_EQ(tools.tokens, 15 + 14 + 4 + 3 + 100u);
    EXPECT_EQ(tools.least, 7u);
}

TEST(Harmony, IsFramedAsPublished) {
    const auto tokenizer = harmony_bytes();
    const auto counter = make_harmony_counter(tokenizer);
    const std::string body = chat(R"({"role":"system","content":"Be brief."},{"role":"user","content":"<|end|>"},
        {"role":"assistant","content":"Yes."},{"role":"user","content":"Why?"})");
    openai::PromptParts parts;
    ASSERT_TRUE(openai::parse_request(Endpoint::chat_completions, body, &parts));

    const auto tokens = counter->encode_chat({Endpoint::chat_completions, parts, body}, {});

    ASSERT_TRUE(tokens);
    const auto text = tokenizer->decode(*tokens, tokenizer::Specials::as_tokens);
    EXPECT_THAT(*text, testing::StartsWith("<|start|>system<|message|>You are ChatGPT"));
    EXPECT_THAT(*text, testing::EndsWith("<|start|>developer<|message|># Instructions\n\nBe brief.<|end|>"
                                         "<|start|>user<|message|><|end|><|end|>"
                                         "<|start|>assistant<|channel|>final<|message|>Yes.<|end|>"
                                         "<|start|>user<|message|>Why?<|end|><|start|>assistant"));
    const auto count = count_of(*counter, body);
    EXPECT_EQ(count.tokens, tokens->size());
    EXPECT_TRUE(count.exact);
    // What the caller wrote is seven bytes, not a control token.
    EXPECT_EQ(std::ranges::count(*tokens, tokenizer->find("<|end|>")), 5);
}

TEST(Harmony, ToolsAreATypeScriptNamespace) {
    EXPECT_EQ(
        harmony_tools(R"([{"type":"function","function":{"name":"get_location","description":"Gets the location."}},
        {"type":"function","function":{"name":"get_weather","description":"Gets it.","parameters":{"type":"object",
         "properties":{"location":{"type":"string","description":"The city"},
                       "format":{"type":"string","enum":["celsius","fahrenheit"],"default":"celsius"},
                       "days":{"type":"array","items":{"type":"integer"}}},"required":["location"]}}}])"),
        "## functions\n\nnamespace functions {\n\n"
        "// Gets the location.\ntype get_location = () => any;\n\n"
        "// Gets it.\ntype get_weather = (_: {\n// The city\nlocation: string,\n"
        "format?: \"celsius\" | \"fahrenheit\", // default: celsius\ndays?: number[],\n}) => any;\n\n"
        "} // namespace functions");
}

TEST(CheckFits, RefusesWithBothNumbersInOpenAisWords) {
    const Count count{.tokens = 100, .least = 100};

    EXPECT_TRUE(check_fits(count, Endpoint::chat_completions, 1, 101));
    const auto refused = check_fits(count, Endpoint::chat_completions, 1, 90);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "This model's maximum context length is 90 tokens. However, your messages resulted in 100 tokens. Please "
              "reduce the length of the messages.");
    EXPECT_EQ(refused.error().param, "messages");

    const auto answer = check_fits(count, Endpoint::completions, 50, 120);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message,
                HasSubstr("you requested 150 tokens (100 in the prompt, 50 in the completion)"));
}

TEST(CheckFits, AnEstimateIsRefusedOnlyWhenItSurelyDoesNotFit) {
    const Count count{.tokens = 150, .least = 100, .exact = false, .why = "because"};

    EXPECT_TRUE(check_fits(count, Endpoint::chat_completions, 1, 120));
    const auto refused = check_fits(count, Endpoint::chat_completions, 1, 90);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("resulted in 150 tokens"));
    EXPECT_THAT(refused.error().message,
                HasSubstr("The count is an estimate (because); at least 100 tokens are sure."));
}

}  // namespace
}  // namespace forebay::token_service
