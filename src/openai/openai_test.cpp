#include <gtest/gtest.h>

#include "openai/answer.h"
#include "openai/body_edit.h"
#include "openai/chunk_writer.h"
#include "openai/error_object.h"
#include "openai/request.h"

namespace forebay::openai {
namespace {

Result<RequestBody> parse(std::string body, Endpoint endpoint = Endpoint::chat_completions) {
    return parse_request(endpoint, body);
}

TEST(ParseRequest, ReadsTheFieldsItKnows) {
    const auto request = parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,
        "stream_options":{"include_usage":true},"temperature":0.5,"max_tokens":5,"max_completion_tokens":7,
        "stop":["a","b"],"logprobs":true,"top_logprobs":2,"seed":-3,"logit_bias":{"5":-1.5},"user":null,"later":[1]})");

    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->model, "m");
    EXPECT_TRUE(request->stream);
    EXPECT_TRUE(request->include_usage);
    EXPECT_EQ(request->temperature, 0.5);
    EXPECT_EQ(request->tokens_max, 7);
    EXPECT_EQ(request->stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(request->top_logprobs, 2);
    EXPECT_EQ(request->seed, -3);
    EXPECT_EQ(request->logit_bias.at(0).second, -1.5f);
    EXPECT_EQ(request->messages, 1);
}

struct BadBody {
    const char* body;
    const char* param;
};

TEST(ParseRequest, NamesTheFieldAtFault) {
    const BadBody cases[] = {
        {"not json", ""},
        {"[]", ""},
        {"{}", "model"},
        {R"({"model":3,"messages":[]})", "model"},
        {R"({"model":"m"})", "messages"},
        {R"({"model":"m","messages":[]})", "messages"},
        {R"({"model":"m","messages":"hi"})", "messages"},
        {R"({"model":"m","messages":["hi"]})", "messages[0]"},
        {R"({"model":"m","messages":[{"role":"user","content":"x"},{"content":"hi"}]})", "messages[1].role"},
        {R"({"model":"m","messages":[{"role":"user","content":5}]})", "messages[0].content"},
        {R"({"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot"})", "temperature"},
        {R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":1.5})", "max_tokens"},
        {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream":"yes"})", "stream"},
        {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stop":[1]})", "stop"},
        {R"({"model":"m","model":"n","messages":[{"role":"user","content":"x"}]})", "model"},
        {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":1}})",
         "stream_options.include_usage"},
    };
    for (const auto& one : cases) {
        const auto request = parse(one.body);
        ASSERT_FALSE(request.has_value()) << one.body;
        EXPECT_EQ(request.error().code, Code::invalid_argument) << one.body;
        EXPECT_EQ(request.error().param, one.param) << one.body;
    }
}

TEST(ParseRequest, CompletionsTakeOneText) {
    EXPECT_EQ(parse(R"({"model":"m","prompt":"a","logprobs":3})", Endpoint::completions)->top_logprobs, 3);
    EXPECT_EQ(parse(R"({"model":"m","prompt":["a"]})", Endpoint::completions)->prompt, "a");
    EXPECT_FALSE(check_for_worker(*parse(R"({"model":"m","prompt":[1,2]})", Endpoint::completions)).has_value());
}

TEST(CheckForWorker, NamesWhatItDoesNotGive) {
    const std::string head = R"({"model":"m","messages":[{"role":"user","content":"x"}],)";
    for (const auto& [field, param] : {std::pair{R"("n":2})", "n"},
                                       {R"("temperature":3})", "temperature"},
                                       {R"("stop":["a","b","c","d","e"]})", "stop"},
                                       {R"("stop":""})", "stop"},
                                       {R"("top_logprobs":2})", "top_logprobs"},
                                       {R"("max_tokens":0})", "max_tokens"},
                                       {R"("tools":[{"type":"function"}]})", "tools"},
                                       {R"("response_format":{"type":"json_object"}})", "response_format"}}) {
        const auto request = parse(head + field);
        ASSERT_TRUE(request.has_value()) << field;
        const auto checked = check_for_worker(*request);
        ASSERT_FALSE(checked.has_value()) << field;
        EXPECT_EQ(checked.error().param, param);
    }
}

TEST(EditObject, LeavesEveryOtherByteAlone) {
    const std::string body = "{ \"a\" : 1.50 , \"model\":\"x\\u00e9\",\"b\":[{\"model\":1}] }";

    EXPECT_EQ(edit_object(body, {{"model", "\"y\""}}), "{ \"a\" : 1.50 , \"model\":\"y\",\"b\":[{\"model\":1}] }");
    EXPECT_EQ(edit_object(body, {{"c", "true"}}),
              "{ \"a\" : 1.50 , \"model\":\"x\\u00e9\",\"b\":[{\"model\":1}] ,\"c\":true}");
    EXPECT_EQ(edit_object(body, {}), body);
}

TEST(EditObject, RemovesAFieldWithItsComma) {
    EXPECT_EQ(edit_object(R"({"a":1,"b":2,"c":3})", {{"a", std::nullopt}}), R"({"b":2,"c":3})");
    EXPECT_EQ(edit_object(R"({"a":1,"b":2,"c":3})", {{"b", std::nullopt}}), R"({"a":1,"c":3})");
    EXPECT_EQ(edit_object(R"({"a":1,"b":2,"c":3})", {{"c", std::nullopt}}), R"({"a":1,"b":2})");
    EXPECT_EQ(edit_object(R"({"a":1})", {{"a", std::nullopt}}), "{}");
    EXPECT_EQ(edit_object(R"({"a":",","b":2})", {{"a", std::nullopt}, {"b", std::nullopt}}), "{}");
    EXPECT_EQ(edit_object("{}", {{"a", "1"}}), R"({"a":1})");
}

TEST(EditObject, IsSafeOnWhatIsNotJson) {
    EXPECT_FALSE(edit_object(R"({"age"m"""usage"m""":*=",})", {{"usage", std::nullopt}}).empty());
    EXPECT_EQ(edit_object("", {{"usage", std::nullopt}}), "");
}

TEST(FieldText, FindsTopLevelFieldsOnly) {
    EXPECT_EQ(field_text(R"({"x":{"usage":1},"usage": null })", "usage"), "null");
    EXPECT_FALSE(field_text(R"({"x":{"usage":1}})", "usage").has_value());
    EXPECT_FALSE(field_text("", "usage").has_value());
}

TEST(ErrorBody, HasAllFourKeys) {
    EXPECT_EQ(
        error_body(Error{Code::not_found, "no \"x\"", "model"}),
        R"({"error":{"message":"no \"x\"","type":"invalid_request_error","param":"model","code":"model_not_found"}})");
    EXPECT_EQ(error_body("m", "t", "", ""), R"({"error":{"message":"m","type":"t","param":null,"code":null}})");
}

TEST(ErrorBody, AContextThatIsTooSmallHasItsOwnCode) {
    const Error error{Code::invalid_argument, "This model's maximum context length is 8 tokens, …", "messages"};

    EXPECT_EQ(shape_of(error).code, "context_length_exceeded");
    EXPECT_EQ(shape_of(error).status, 400u);
}

TEST(ReadError, UnderstandsObjectsAndStrings) {
    EXPECT_EQ(read_error(R"({"error":{"message":"m","type":"t","code":"c"}})")->code, "c");
    EXPECT_EQ(read_error(R"({"error":"m"})")->message, "m");
    EXPECT_FALSE(read_error("<html>").has_value());
    EXPECT_FALSE(read_error(R"({"detail":"m"})").has_value());
}

TEST(StreamedMessage, AddsUpWhatTheChunksSay) {
    StreamedMessage message;
    for (
        const char* chunk :
        {R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
         R"({"choices":[{"index":0,"delta":{"content":"Hel"}}]})",
         R"({"choices":[{"index":0,"delta":{"content":"lo"}}],"usage":null})",
         R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a\""}}]}}]})",
         R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]})"}) {
        ASSERT_TRUE(message.read_chunk(chunk).has_value()) << chunk;
    }
    const auto last = message.read_chunk(
        R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1}}})");

    EXPECT_EQ(last->usage->cached_tokens, 1);
    EXPECT_FALSE(last->has_choices);
    EXPECT_EQ(
        message.to_json(),
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hello","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]})");
}

TEST(StreamedMessage, RefusesWhatIsNotAnObjectAndIndicesOfNoSense) {
    StreamedMessage message;

    EXPECT_FALSE(message.read_chunk("junk").has_value());
    EXPECT_FALSE(message.read_chunk(R"({"choices":[{"index":1000000}]})").has_value());
    EXPECT_FALSE(message.read_chunk(R"({"choices":[{"index":-1}]})").has_value());
    EXPECT_TRUE(message.read_chunk(R"({"error":{"message":"m"}})")->is_error);
}

TEST(AnswerWriter, AChunkSaysUsageNullOnlyWhenUsageWasAskedFor) {
    AnswerWriter without(Endpoint::chat_completions, "id", 1, "m", false);
    AnswerWriter with(Endpoint::chat_completions, "id", 1, "m", true);

    EXPECT_EQ(
        without.content_chunk("a\"", {}),
        R"({"id":"id","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a\""},"logprobs":null,"finish_reason":null}]})");
    EXPECT_EQ(field_text(with.content_chunk("a", {}), "usage"), "null");
    EXPECT_EQ(field_text(with.usage_chunk({}, {}), "choices"), "[]");
}

TEST(AnswerWriter, CompletionLogprobsKeepTheOffsets) {
    AnswerWriter writer(Endpoint::completions, "id", 1, "m", false);
    const std::vector<TokenLogprob> tokens{{"ab", -0.5f, {{"ab", -0.5f, {}}, {"\"", -1.0f, {}}}}, {"c", -0.25f, {}}};

    const auto whole = writer.whole("abc", tokens, true, "stop", {}, {});

    EXPECT_NE(
        whole.find(
            R"("logprobs":{"tokens":["ab","c"],"token_logprobs":[-0.5,-0.25],"top_logprobs":[{"ab":-0.5,"\"":-1},{}],"text_offset":[0,2]})"),
        std::string::npos)
        << whole;
}

TEST(ReadAnswer, TakesUsageAndFinishReason) {
    const auto reading = read_answer(
        R"({"id":"x","model":"m","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})");

    ASSERT_TRUE(reading.has_value());
    EXPECT_EQ(reading->finish_reason, "length");
    EXPECT_EQ(reading->usage->prompt_tokens, 3);
    EXPECT_FALSE(reading->usage->cached_tokens.has_value());
    EXPECT_FALSE(read_answer("[1]").has_value());
}

}  // namespace
}  // namespace forebay::openai
