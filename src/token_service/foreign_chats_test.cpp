#include "token_service/foreign_chats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openai/request.h"

namespace forebay::token_service {
namespace {

using testing::HasSubstr;

void expect_chat(const Result<std::string>& made, std::string_view expected) {
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(*made, expected);
    EXPECT_TRUE(openai::parse_request(openai::Endpoint::chat_completions, *made));
}

void expect_fault(const Result<std::string>& made, std::string_view param, std::string_view message) {
    ASSERT_FALSE(made) << *made;
    EXPECT_EQ(made.error().code, Code::invalid_argument);
    EXPECT_EQ(made.error().param, param);
    EXPECT_THAT(made.error().message, HasSubstr(message));
}

TEST(ChatOfAnthropic, SystemMessagesAndTools) {
    expect_chat(
        chat_of_anthropic(R"({"model":"claude-3","system":"Be brief.","max_tokens":5,
        "messages":[{"role":"user","content":"Hi \"you\""},
                    {"role":"assistant","content":[{"type":"text","text":"Yes?"}]}],
        "tools":[{"name":"f","description":"Does.","input_schema":{"type":"object"}}]})"),
        R"({"model":"claude-3","messages":[{"role":"system","content":"Be brief."},)"
        R"({"role":"user","content":"Hi \"you\""},{"role":"assistant","content":"Yes?"}],)"
        R"("tools":[{"type":"function","function":{"name":"f","description":"Does.","parameters":{"type":"object"}}}]})");
}

TEST(ChatOfAnthropic, ToolUseAndItsResult) {
    expect_chat(chat_of_anthropic(R"({"model":"m","messages":[
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},
            {"type":"text","text":"Let me see."},
            {"type":"tool_use","id":"t1","name":"f","input":{"a": 1}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"7"}]},
            {"type":"text","text":"And?"}]}]})"),
                R"({"model":"m","messages":[{"role":"assistant","content":"Let me see.","tool_calls":[{"id":"t1",)"
                R"("type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
                R"({"role":"tool","tool_call_id":"t1","content":"7"},{"role":"user","content":"And?"}]})");
}

TEST(ChatOfAnthropic, ImagesAndDocuments) {
    expect_chat(
        chat_of_anthropic(R"({"model":"m","system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],
        "messages":[{"role":"user","content":[
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
        {"type":"document","source":{"type":"text","media_type":"text/plain","data":"text"}},
        {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}}]}]})"),
        R"({"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},)"
        R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image;base64,AAAA"}},)"
        R"({"type":"text","text":"text"},{"type":"file","file":{"file_data":"BBBB"}}]}]})");
}

TEST(ChatOfAnthropic, FaultsNameTheField) {
    expect_fault(chat_of_anthropic("nonsense"), "", "JSON object");
    expect_fault(chat_of_anthropic(R"({"messages":[]})"), "model", "missing");
    expect_fault(chat_of_anthropic(R"({"model":"m"})"), "messages", "at least one message");
    expect_fault(chat_of_anthropic(R"({"model":"m","messages":[1]})"), "messages[0].role", "'user' or 'assistant'");
    expect_fault(chat_of_anthropic(R"({"model":"m","messages":[{"role":"user"}]})"), "messages[0].content", "missing");
    expect_fault(chat_of_anthropic(R"({"model":"m","messages":[{"role":"user","content":7}]})"), "messages[0].content",
                 "a string or an array");
    expect_fault(chat_of_anthropic(R"({"model":"m","messages":[{"role":"user","content":[{"type":"hologram"}]}]})"),
                 "messages[0].content[0]", "hologram");
    expect_fault(chat_of_anthropic(R"({"model":"m","messages":[{"role":"user","content":"a"}],"tools":{}})"), "tools",
                 "an array");
}

TEST(ChatOfResponses, AStringIsAUsersMessage) {
    expect_chat(
        chat_of_responses(R"({"model":"gpt-4o","input":"Hi","instructions":"Be brief."})"),
        R"({"model":"gpt-4o","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]})");
}

TEST(ChatOfResponses, ItemsToolsAndSchemas) {
    expect_chat(
        chat_of_responses(R"({"model":"m","input":[
        {"role":"user","content":[{"type":"input_text","text":"a"},
            {"type":"input_image","image_url":"https://x/y","detail":"low"}]},
        {"type":"reasoning","summary":[]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"7"}],
        "tools":[{"type":"function","name":"f","parameters":{"type":"object"}},{"type":"web_search"}],
        "text":{"format":{"type":"json_schema","name":"n","schema":{}}}})"),
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},)"
        R"({"type":"image_url","image_url":{"url":"https://x/y","detail":"low"}}]},)"
        R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
        R"({"role":"tool","tool_call_id":"c","content":"7"}],)"
        R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},)"
        R"({"type":"function","function":{"name":"web_search"}}],)"
        R"("response_format":{"type":"json_schema","json_schema":{"type":"json_schema","name":"n","schema":{}}}})");
}

TEST(ChatOfResponses, FaultsNameTheField) {
    expect_fault(chat_of_responses("[]"), "", "JSON object");
    expect_fault(chat_of_responses(R"({"input":"a"})"), "model", "missing");
    expect_fault(chat_of_responses(R"({"model":"m"})"), "input", "missing");
    expect_fault(chat_of_responses(R"({"model":"m","input":"a","previous_response_id":"r"})"), "previous_response_id",
                 "nothing is stored here");
    expect_fault(chat_of_responses(R"({"model":"m","input":[{"type":"item_reference","id":"x"}]})"), "input[0]",
                 "stored");
    expect_fault(chat_of_responses(R"({"model":"m","input":[{"type":"odd"}]})"), "input[0]", "odd");
    expect_fault(chat_of_responses(R"({"model":"m","input":[{"content":"a"}]})"), "input[0].role", "a string");
    expect_fault(chat_of_responses(R"({"model":"m","input":[{"role":"user","content":[{"type":"odd"}]}]})"),
                 "input[0].content[0]", "odd");
}

}  // namespace
}  // namespace forebay::token_service
