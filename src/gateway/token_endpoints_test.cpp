// The endpoints' shapes, with a token per byte.
#include "gateway/token_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "token_service/byte_tokenizer.h"

namespace forebay::gateway {
namespace {

using testing::HasSubstr;
using token_service::ByteTokenizer;

class TokenEndpoints : public testing::Test {
protected:
    TokenEndpoints() {
        routes_.text_bytes_max = 1000;
        const auto bytes = std::make_shared<ByteTokenizer>(
            "bytes", std::vector<std::string>{"<|start|>", "<|end|>", "<|message|>", "<|channel|>"});
        add("open", {token_service::make_harmony_counter(bytes), 4096, true});
        add("framed", {token_service::make_openai_counter(bytes, true), 0, true});
        add("closed", {token_service::make_estimate(bytes, token_service::find_model("claude-3").family[0]), 0, false});
        add("broken", {});
    }

    void add(const std::string& name, token_service::TargetTokens tokens) {
        serving::Route route;
        route.tokens = std::move(tokens);
        routes_.models[name].push_back(std::move(route));
    }
    std::string answer(TokenEndpoint endpoint, const std::string& body) {
        const auto response = token_response(routes_, endpoint, body);
        EXPECT_TRUE(response) << response.error().message;
        return response ? response->body : "";
    }
    Error refusal(TokenEndpoint endpoint, const std::string& body) {
        const auto response = token_response(routes_, endpoint, body);
        EXPECT_FALSE(response) << response->body;
        return response ? Error{} : response.error();
    }

    serving::Routes routes_;
};

TEST_F(TokenEndpoints, ArePicked) {
    EXPECT_EQ(token_endpoint_of("/tokenize"), TokenEndpoint::tokenize);
    EXPECT_EQ(token_endpoint_of("/v1/detokenize"), TokenEndpoint::detokenize);
    EXPECT_EQ(token_endpoint_of("/v1/messages/count_tokens"), TokenEndpoint::count_anthropic);
    EXPECT_EQ(token_endpoint_of("/v1/responses/input_tokens"), TokenEndpoint::count_responses);
    EXPECT_EQ(token_endpoint_of("/v1/messages"), std::nullopt);
}

TEST_F(TokenEndpoints, APromptsTokensInVllmsShape) {
    EXPECT_EQ(answer(TokenEndpoint::tokenize, R"({"model":"open","prompt":"a\u00e9<|end|>"})"),
              R"({"count":4,"max_model_len":4096,"tokens":[97,195,169,257],"token_strs":null})");
    EXPECT_EQ(answer(TokenEndpoint::tokenize,
                     R"({"model":"framed","prompt":"ab","return_token_strs":true,"return_offsets":true})"),
              R"({"count":2,"max_model_len":null,"tokens":[97,98],"token_strs":["a","b"],"offsets":[[0,1],[1,2]]})");
    EXPECT_EQ(answer(TokenEndpoint::tokenize, R"({"model":"open","prompt":""})"),
              R"({"count":0,"max_model_len":4096,"tokens":[],"token_strs":null})");
}

TEST_F(TokenEndpoints, AChatsTokensAreThoseOfItsFraming) {
    const std::string body = R"({"model":"open","messages":[{"role":"user","content":"<|end|>"}])";
    const auto closed = answer(TokenEndpoint::tokenize, body + R"(,"add_generation_prompt":false})");
    const auto opened = answer(TokenEndpoint::tokenize, body + "}");

    EXPECT_THAT(closed, HasSubstr(",256,117,115,101,114,258,60,124,101,110,100,124,62,257]"));
    EXPECT_THAT(opened, HasSubstr(",257,256,97,115,115,105,115,116,97,110,116]"));
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, body + R"(,"add_generation_prompt":true,"continue_final_message":true})")
                  .param,
              "continue_final_message");
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, body + R"(,"chat_template":"x"})").param, "chat_template");
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, body + R"(,"return_offsets":true})").param, "return_offsets");
}

TEST_F(TokenEndpoints, WhatIsNotPublicIsNotInvented) {
    const auto framed =
        refusal(TokenEndpoint::tokenize, R"({"model":"framed","messages":[{"role":"user","content":"a"}]})");
    EXPECT_EQ(framed.param, "messages");
    EXPECT_THAT(framed.message, HasSubstr("not public"));
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"model":"closed","prompt":"a"})").param, "model");
    EXPECT_EQ(refusal(TokenEndpoint::detokenize, R"({"model":"closed","tokens":[1]})").param, "model");
}

TEST_F(TokenEndpoints, TokensComeBackAsText) {
    EXPECT_EQ(answer(TokenEndpoint::detokenize, R"({"model":"open","tokens":[97,195,169,257]})"),
              "{\"prompt\":\"a\xC3\xA9<|end|>\"}");
    EXPECT_EQ(answer(TokenEndpoint::detokenize, R"({"model":"open","tokens":[195]})"), "{\"prompt\":\"\xEF\xBF\xBD\"}");
    EXPECT_EQ(answer(TokenEndpoint::detokenize, R"({"model":"open","tokens":[]})"), R"({"prompt":""})");
}

TEST_F(TokenEndpoints, IdsOutOfRangeAreNamedWithTheVocabularysSize) {
    const auto error = refusal(TokenEndpoint::detokenize, R"({"model":"open","tokens":[1,260]})");
    EXPECT_EQ(error.param, "tokens[1]");
    EXPECT_EQ(error.message, "tokens[1] is 260, and the vocabulary of 'open' has the ids 0 to 259");
    EXPECT_EQ(refusal(TokenEndpoint::detokenize, R"({"model":"open","tokens":[-1]})").param, "tokens[0]");
    EXPECT_EQ(refusal(TokenEndpoint::detokenize, R"({"model":"open","tokens":[99999999999999999999]})").param,
              "tokens[0]");
    EXPECT_EQ(refusal(TokenEndpoint::detokenize, R"({"model":"open","tokens":["a"]})").param, "tokens[0]");
    EXPECT_EQ(refusal(TokenEndpoint::detokenize, R"({"model":"open"})").param, "tokens");
}

TEST_F(TokenEndpoints, CountsSayWhetherTheyAreExact) {
    const auto exact = token_response(routes_, TokenEndpoint::count_responses, R"({"model":"framed","input":"hello"})");
    ASSERT_TRUE(exact);
    EXPECT_EQ(exact->body, R"({"object":"response.input_tokens","input_tokens":15})");
    EXPECT_EQ(exact->headers.find("x-forebay-token-count"), "exact");
    EXPECT_EQ(exact->headers.find("x-forebay-tokenizer"), "bytes");

    const auto estimate = token_response(routes_, TokenEndpoint::count_anthropic,
                                         R"({"model":"closed","messages":[{"role":"user","content":"hello"}]})");
    ASSERT_TRUE(estimate);
    EXPECT_THAT(estimate->body, testing::MatchesRegex(R"(\{"input_tokens":[0-9]+\})"));
    EXPECT_EQ(estimate->headers.find("x-forebay-token-count"), "estimate");
}

TEST_F(TokenEndpoints, FaultsAreTheCallers) {
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"model":"none","prompt":"a"})").code, Code::not_found);
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"prompt":"a"})").param, "model");
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"model":7,"prompt":"a"})").param, "model");
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"model":"open"})").param, "prompt");
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"model":"open","prompt":"a","add_special_tokens":1})").param,
              "add_special_tokens");
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, "[").code, Code::invalid_argument);
    EXPECT_EQ(refusal(TokenEndpoint::tokenize, R"({"model":"broken","prompt":"a"})").code, Code::unavailable);
    const auto large = refusal(TokenEndpoint::tokenize, std::string(1001, ' '));
    EXPECT_EQ(large.code, Code::too_large);
    EXPECT_THAT(large.message, HasSubstr("1001 bytes; tokenizers.text_bytes_max allows 1000"));
}

TEST_F(TokenEndpoints, AnthropicsErrorsHaveTheirOwnShape) {
    const Error error{Code::not_found, "no \"model\"", "model"};

    const auto theirs = token_error_response(TokenEndpoint::count_anthropic, error, "req_1");
    EXPECT_EQ(theirs.status, 404u);
    EXPECT_EQ(theirs.body,
              R"({"type":"error","error":{"type":"not_found_error","message":"no \"model\""},"request_id":"req_1"})");
    EXPECT_THAT(token_error_response(TokenEndpoint::tokenize, error, "req_1").body,
                HasSubstr(R"("code":"model_not_found")"));
}

}  // namespace
}  // namespace forebay::gateway
