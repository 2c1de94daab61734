// What parse_request notes of a prompt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openai/request.h"

namespace forebay::openai {
namespace {

using testing::ElementsAre;

std::string_view name_of(PartKind kind) {
    switch (kind) {
        case PartKind::role: return "role";
        case PartKind::name: return "name";
        case PartKind::content: return "content";
        case PartKind::tool_name: return "tool_name";
        case PartKind::tool_arguments: return "tool_arguments";
        case PartKind::tool_call_id: return "tool_call_id";
        case PartKind::image: return "image";
        case PartKind::audio: return "audio";
        case PartKind::file: return "file";
        case PartKind::other: return "other";
        case PartKind::prompt: return "prompt";
        case PartKind::tools: return "tools";
        case PartKind::functions: return "functions";
        case PartKind::response_schema: return "response_schema";
    }
    return "?";
}

PromptParts parts_of(Endpoint endpoint, std::string_view body) {
    PromptParts parts;
    const auto request = parse_request(endpoint, body, &parts);
    EXPECT_TRUE(request) << (request ? "" : request.error().message);
    return parts;
}

// "role=user", one line a part.
std::vector<std::string> lines_of(const PromptParts& parts) {
    std::vector<std::string> lines;
    for (const auto& part : parts.parts) lines.push_back(fmt::format("{}={}", name_of(part.kind), parts.text_of(part)));
    return lines;
}

TEST(PromptParts, TextsAreUnescapedAndTheRoleComesFirst) {
    const auto parts = parts_of(Endpoint::chat_completions,
                                R"({"model":"m","messages":[{"content":"a\n\u00e9\"","name":"Ann","role":"user"}]})");

    EXPECT_THAT(lines_of(parts), ElementsAre("role=user", "content=a\n\xC3\xA9\"", "name=Ann"));
}

TEST(PromptParts, ContentPartsAreNotedOneByOne) {
    const auto parts = parts_of(Endpoint::chat_completions, R"({"model":"m","messages":[{"role":"user","content":[
        {"type":"text","text":"one"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAAAAAA","detail":"low"}},
        {"type":"image_url","image_url":{"url":"https://x/y.png"}},
        {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},
        {"type":"file","file":{"file_data":"AAAA"}},{"type":"new","x":1},{"type":"text","text":"two"}]}]})");

    EXPECT_THAT(lines_of(parts), ElementsAre("role=user", "content=one", "image=low", "image=", "audio=wav",
                                             "file=", R"(other={"type":"new","x":1})", "content=two"));
    EXPECT_EQ(parts.parts[2].media_bytes, 6u);
    EXPECT_EQ(parts.parts[3].media_bytes, 0u);
    EXPECT_EQ(parts.parts[4].media_bytes, 3u);
}

TEST(PromptParts, ToolCallsAndTheirAnswers) {
    const auto parts = parts_of(Endpoint::chat_completions, R"({"model":"m","messages":[
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c1","content":"7"}]})");

    EXPECT_THAT(lines_of(parts), ElementsAre("role=assistant", "tool_name=f", "tool_arguments={}", "role=tool",
                                             "tool_call_id=c1", "content=7"));
}

TEST(PromptParts, ToolsAndSchemasStayJson) {
    const auto parts = parts_of(Endpoint::chat_completions, R"({"model":"m","messages":[{"role":"user","content":"a"}],
        "tools":[ {"type": "function"} ],"functions":[],
        "response_format":{"type":"json_schema","json_schema":{"name":"n", "schema":{}}}})");

    EXPECT_THAT(lines_of(parts), ElementsAre("role=user", "content=a", R"(tools=[{"type":"function"}])",
                                             R"(response_schema={"name":"n","schema":{}})"));
}

TEST(PromptParts, APromptIsTextsOrIds) {
    EXPECT_THAT(lines_of(parts_of(Endpoint::completions, R"({"model":"m","prompt":"a"})")), ElementsAre("prompt=a"));
    EXPECT_THAT(lines_of(parts_of(Endpoint::completions, R"({"model":"m","prompt":["a","b"]})")),
                ElementsAre("prompt=a", "prompt=b"));
    EXPECT_EQ(parts_of(Endpoint::completions, R"({"model":"m","prompt":[1,2,3]})").token_ids, 3u);
    const auto two = parts_of(Endpoint::completions, R"({"model":"m","prompt":[[1,2],[3]]})");
    EXPECT_EQ(two.token_ids, 3u);
    EXPECT_EQ(two.token_ids_longest, 2u);
}

TEST(PromptParts, WhatIsMalformedInsideAMessageIsLeftOut) {
    const auto parts = parts_of(Endpoint::chat_completions, R"({"model":"m","messages":[
        {"role":"user","content":[1,"a",{"type":"text"},{"type":"image_url"}],"name":3,"tool_calls":{"a":1}},
        {"role":"assistant","content":null,"tool_calls":[1,{"function":7}],"function_call":"f"}]})");

    EXPECT_THAT(lines_of(parts), ElementsAre("role=user", "content=", R"(other={"type":"image_url"})", "role=assistant",
                                             "tool_name=", "tool_arguments="));
}

}  // namespace
}  // namespace forebay::openai
