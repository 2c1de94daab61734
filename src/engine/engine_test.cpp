// What a call's answer looks like.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/utf8.h"
#include "engine/test_rig.h"

namespace forebay::engine {
namespace {

using testing::HasSubstr;

constexpr std::int32_t first_byte_token = 3;  // of 256, in both toy models
constexpr std::int32_t turn_end_token = 260;  // <|im_end|>

TEST(Engine, GreedyAnswerOfTheStoryModelIsAsComputed) {
    const auto engine = open_model("tiny");

    const Answer answer = generate(*engine, greedy_chat("What is a river?", 100));

    EXPECT_EQ(answer.text, "The keeper opens the basin.");
    EXPECT_EQ(answer.finish().reason, FinishReason::stop);
    EXPECT_EQ(answer.finish().stop_sequence, "");
    EXPECT_EQ(answer.finish().completion_tokens, 7u) << "six pieces and the end of the turn";
    EXPECT_EQ(answer.finish().prompt_tokens, answer.prompt_tokens);
    EXPECT_EQ(answer.starts, 1);
    EXPECT_EQ(answer.ends, 1);
    EXPECT_EQ(answer.events_after_end, 0);
}

TEST(Engine, DescribesItsModel) {
    const auto engine = open_model("random");

    EXPECT_EQ(engine->model().architecture, "llama");
    EXPECT_EQ(engine->model().name, "forebay tiny random");
    EXPECT_EQ(engine->model().context_tokens_trained, 8192u);
    EXPECT_TRUE(engine->model().has_chat_template);
    EXPECT_FALSE(engine->model().cpu_variant.empty());
    EXPECT_GT(engine->model().file_bytes, 100'000u);
    EXPECT_THAT(llama_version(), HasSubstr("libllama "));
}

TEST(Engine, TheSameSeedGivesTheSameAnswerAndAnotherSeedAnother) {
    const auto engine = open_model("random");
    const auto sample = [&](std::int64_t seed) {
        GenerateRequest request = greedy_prompt("The river", 24);
        request.sampling.temperature = 1;
        request.sampling.seed = seed;
        return generate(*engine, std::move(request));
    };

    const Answer first = sample(5);
    const Answer again = sample(5);
    const Answer other = sample(6);
    const Answer drawn = sample(-1);

    EXPECT_EQ(first.text, again.text);
    EXPECT_EQ(first.finish().seed, 5);
    EXPECT_NE(first.text, other.text);
    EXPECT_EQ(sample(drawn.finish().seed).text, drawn.text) << "a drawn seed can be used again";
}

TEST(Engine, StopSequencesEndTheAnswerAcrossTokens) {
    const auto engine = open_model("tiny");
    GenerateRequest request = greedy_chat("What is a river?", 100);
    request.stop = {"never", "ns the ba"};

    const Answer answer = generate(*engine, std::move(request));

    EXPECT_EQ(answer.text, "The keeper ope");
    EXPECT_EQ(answer.finish().reason, FinishReason::stop);
    EXPECT_EQ(answer.finish().stop_sequence, "ns the ba");
}

TEST(Engine, TextThatOnlyLooksLikeAStopSequenceIsDelivered) {
    const auto engine = open_model("tiny");
    GenerateRequest request = greedy_chat("What is a river?", 100);
    request.stop = {"basin. And then"};

    const Answer answer = generate(*engine, std::move(request));

    EXPECT_EQ(answer.text, "The keeper opens the basin.");
    EXPECT_EQ(answer.finish().stop_sequence, "");
}

TEST(Engine, NeverSplitsACharacter) {
    const auto engine = open_model("random");
    GenerateRequest request = greedy_prompt("The river", 200);
    request.sampling.temperature = 2;
    request.sampling.seed = 3;
    request.logprobs = true;
    // Nothing but byte tokens: valid and invalid sequences of every length.
    for (std::int32_t byte = 0; byte < 256; ++byte) request.sampling.logit_bias[first_byte_token + byte] = 60;

    const Answer answer = generate(*engine, std::move(request));

    std::string bytes;
    for (const TokenLogprob& entry : answer.logprobs) bytes += entry.bytes;
    EXPECT_EQ(bytes.size(), 200u);
    EXPECT_EQ(answer.text, utf8::sanitized(bytes));
    for (const std::string& part : answer.parts) EXPECT_TRUE(utf8::is_valid(part));
}

TEST(Engine, LogprobsAreOrderedProbabilitiesThatAgreeWithTheGreedyChoice) {
    const auto engine = open_model("random");
    GenerateRequest request = greedy_prompt("The river", 20);
    request.logprobs = true;
    request.top_logprobs = 20;

    const Answer answer = generate(*engine, std::move(request));

    ASSERT_EQ(answer.logprobs.size(), 20u);
    for (std::size_t i = 0; i < answer.logprobs.size(); ++i) {
        const std::vector<TokenLogprob>& top = answer.top_logprobs[i];
        ASSERT_EQ(top.size(), 20u);
        EXPECT_EQ(top.front().token, answer.logprobs[i].token);
        EXPECT_EQ(top.front().logprob, answer.logprobs[i].logprob);
        double sum = 0;
        for (std::size_t k = 0; k < top.size(); ++k) {
            if (k > 0) EXPECT_LE(top[k].logprob, top[k - 1].logprob);
            sum += std::exp(static_cast<double>(top[k].logprob));
        }
        EXPECT_LE(sum, 1.0001);
        EXPECT_GT(sum, 0.05);
    }
}

TEST(Engine, LogprobsAreThoseOfTheModelWhateverTheBias) {
    const auto engine = open_model("tiny");
    GenerateRequest request = greedy_prompt("The basin.", 1);
    request.logprobs = true;
    request.top_logprobs = 1;
    request.sampling.logit_bias[turn_end_token] = -100;

    const Answer answer = generate(*engine, std::move(request));

    ASSERT_EQ(answer.logprobs.size(), 1u);
    EXPECT_EQ(answer.logprobs[0].bytes, " The") << "the bias forbids the end of the turn";
    EXPECT_EQ(answer.top_logprobs[0][0].token, turn_end_token);
    EXPECT_NEAR(answer.top_logprobs[0][0].logprob, std::log(0.34), 1e-3) << "the story model's table says so";
}

TEST(Engine, PenaltiesDiscourageWhatWasGenerated) {
    const auto engine = open_model("tiny");
    GenerateRequest request = greedy_chat("Hello", 40);
    request.sampling.logit_bias[turn_end_token] = -100;

    const Answer plain = generate(*engine, request);
    request.sampling.frequency_penalty = 2;
    const Answer penalized = generate(*engine, request);

    EXPECT_THAT(plain.text, HasSubstr("The keeper opens the basin. The keeper opens the basin. The"));
    EXPECT_NE(penalized.text, plain.text);
    EXPECT_TRUE(penalized.text.starts_with("The keeper")) << "nothing was generated before the first words";
}

TEST(Engine, TokensMaxEndsTheAnswerWithLength) {
    const auto engine = open_model("random");

    const Answer answer = generate(*engine, greedy_prompt("The river", 7));

    EXPECT_EQ(answer.finish().reason, FinishReason::length);
    EXPECT_EQ(answer.finish().completion_tokens, 7u);
}

TEST(Engine, EchoPutsThePromptFirst) {
    const auto engine = open_model("tiny");
    GenerateRequest request = greedy_prompt("The river", 0);
    request.echo = true;

    const Answer nothing_more = generate(*engine, request);
    request.tokens_max = 1;
    const Answer one_more = generate(*engine, request);

    EXPECT_EQ(nothing_more.text, "The river");
    EXPECT_EQ(nothing_more.finish().reason, FinishReason::length);
    EXPECT_EQ(nothing_more.finish().completion_tokens, 0u);
    EXPECT_TRUE(one_more.text.starts_with("The river "));
}

TEST(Engine, GenerationEndsWhereTheContextIsFull) {
    const auto engine = open_model("random");

    const Answer answer = generate(*engine, greedy_prompt("The river", -1));

    EXPECT_EQ(answer.finish().reason, FinishReason::length);
    EXPECT_EQ(answer.finish().prompt_tokens + answer.finish().completion_tokens, 512u);
}

TEST(Engine, APromptLargerThanTheContextIsRefusedWithBothNumbers) {
    const auto engine = open_model("random");
    std::string long_text;
    for (int i = 0; i < 600; ++i) long_text += "water ";
    const GenerateRequest request = greedy_chat(long_text, 10);
    const std::uint32_t tokens = engine->count_tokens(request).value();

    const Result<CallId> call = engine->submit(request, std::make_shared<Recorder>());

    ASSERT_FALSE(call.has_value());
    EXPECT_EQ(call.error().code, Code::invalid_argument);
    EXPECT_EQ(call.error().param, "messages");
    EXPECT_THAT(call.error().message, HasSubstr("maximum context length is 512 tokens"));
    EXPECT_THAT(call.error().message, HasSubstr(std::to_string(tokens) + " tokens"));
}

TEST(Engine, ControlTokensInAMessageStayText) {
    const auto engine = open_model("tiny");
    const auto count = [&](const std::string& text) { return engine->count_tokens(greedy_chat(text, 1)).value(); };

    EXPECT_EQ(count("<|im_end|>"), count("") + 10) << "one token per character";
    EXPECT_EQ(count("<|im_end|><|im_start|>"), count("") + 22);
    GenerateRequest plain = greedy_prompt("<|im_end|>", 1);
    EXPECT_EQ(engine->count_tokens(plain).value(), 2u) << "a plain prompt may name control tokens";
}

TEST(Engine, RefusesWhatIsNotAChat) {
    const auto engine = open_model("tiny");
    const auto error_of = [&](const std::string& chat_json) {
        GenerateRequest request;
        request.chat_json = chat_json;
        const Result<std::uint32_t> count = engine->count_tokens(request);
        return count ? Error{Code::internal, "accepted", {}} : count.error();
    };

    for (const char* chat_json : {"{", "[]", "{}", R"({"messages":[]})", R"({"messages":[{"content":"no role"}]})",
                                  R"({"messages":[{"role":"user","content":5}]})"}) {
        EXPECT_EQ(error_of(chat_json).code, Code::invalid_argument) << chat_json;
        EXPECT_EQ(error_of(chat_json).param, "messages") << chat_json;
    }
    EXPECT_EQ(error_of(R"({"messages":[{"role":"user","content":"a"}],"tools":[5]})").param, "tools");
    EXPECT_EQ(error_of(R"({"messages":[{"role":"user","content":"a"}],"tool_choice":"x"})").param, "tool_choice");
}

TEST(Engine, RefusesParametersOutOfRange) {
    const auto engine = open_model("tiny");
    const auto param_of = [&](auto change) {
        GenerateRequest request = greedy_chat("Hello", 5);
        change(request);
        const Result<CallId> call = engine->submit(request, std::make_shared<Recorder>());
        return call ? std::string("accepted") : call.error().param;
    };

    EXPECT_EQ(param_of([](GenerateRequest& r) { r.sampling.temperature = -1; }), "temperature");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.sampling.temperature = NAN; }), "temperature");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.sampling.top_p = 1.5f; }), "top_p");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.sampling.min_p = -0.1f; }), "min_p");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.sampling.top_k = -2; }), "top_k");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.sampling.logit_bias[999'999] = 1; }), "logit_bias");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.stop = {"a", "b", "c", "d", "e"}; }), "stop");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.stop = {""}; }), "stop");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.top_logprobs = 21; }), "top_logprobs");
    EXPECT_EQ(param_of([](GenerateRequest& r) { r.tokens_max = -2; }), "max_tokens");
}

TEST(Engine, AnEmptyPromptIsTheBeginning) {
    const auto engine = open_model("tiny");

    const Answer answer = generate(*engine, greedy_prompt("", 3));

    EXPECT_EQ(answer.prompt_tokens, 1u);
    EXPECT_EQ(answer.text, "The keeper opens");
}

}  // namespace
}  // namespace forebay::engine
