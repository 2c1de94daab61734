// Batching, prefix reuse and the sharing of KV cells, on the model whose every token depends on all before.
#include <gtest/gtest.h>

#include "engine/test_rig.h"

namespace forebay::engine {
namespace {

const std::string long_beginning =
    "The basin gathers the water before the turbines. The keeper reads the level and writes it down. When the rain is "
    "heavy, the basin rises. ";

EngineSettings with_slots(std::uint32_t slots, std::uint32_t context_tokens) {
    EngineSettings settings = small_settings();
    settings.slots = slots;
    settings.context_tokens = context_tokens;
    return settings;
}

std::string cold_answer(const std::string& prompt, std::int32_t tokens) {
    return generate(*open_model("random"), greedy_prompt(prompt, tokens)).text;
}

TEST(EngineBatching, ACallAnswersTheSameAloneAndBesideSevenOthers) {
    const std::vector<std::string> prompts{"The river",  "A heron stands", "Rain falls", "In winter",
                                           "Deep water", "No one hurries", "At noon",    "The sea waits"};
    const auto engine = open_model("random", with_slots(8, 1024));
    std::vector<std::shared_ptr<Recorder>> together;

    for (const std::string& prompt : prompts) together.push_back(start(*engine, greedy_prompt(prompt, 24)));

    for (std::size_t i = 0; i < prompts.size(); ++i) {
        const Answer answer = together[i]->wait_until_done();
        EXPECT_EQ(answer.text, cold_answer(prompts[i], 24)) << prompts[i];
        EXPECT_EQ(answer.finish().completion_tokens, 24u);
    }
    EXPECT_LT(engine->stats().decode_steps, 8u * 24u) << "calls share steps";
}

TEST(EngineBatching, APromptLargerThanABatchIsComputedInPieces) {
    EngineSettings settings = small_settings();
    settings.batch_tokens = 32;
    const auto engine = open_model("random", settings);

    const std::string prompt = long_beginning + long_beginning + long_beginning + "A heron";

    const Answer answer = generate(*engine, greedy_prompt(prompt, 16));

    EXPECT_GT(answer.prompt_tokens, 64u);
    EXPECT_EQ(engine->stats().decode_steps, 2u + 16u) << "two full pieces, then the rest with the first token";
    EXPECT_EQ(answer.text, cold_answer(prompt, 16));
}

TEST(EnginePrefix, ARepeatedBeginningIsNotComputedAgainAndTheAnswerIsTheSame) {
    const auto engine = open_model("random");
    const Answer first = generate(*engine, greedy_prompt(long_beginning + "The mist", 16));

    const Answer second = generate(*engine, greedy_prompt(long_beginning + "A heron", 16));
    const Answer repeated = generate(*engine, greedy_prompt(long_beginning + "The mist", 16));

    EXPECT_EQ(first.cached_tokens, 0u);
    EXPECT_GE(second.cached_tokens, 25u);
    EXPECT_LT(second.cached_tokens, second.prompt_tokens);
    EXPECT_EQ(second.finish().cached_tokens, second.cached_tokens);
    EXPECT_EQ(second.text, cold_answer(long_beginning + "A heron", 16));
    EXPECT_EQ(repeated.cached_tokens, repeated.prompt_tokens - 1) << "the last token gives the logits";
    EXPECT_EQ(repeated.text, first.text);
    EXPECT_EQ(engine->stats().prompt_tokens_cached, second.cached_tokens + repeated.cached_tokens);
}

TEST(EnginePrefix, AConversationGoesOnFromItsOwnAnswer) {
    const auto engine = open_model("random");
    const Answer first = generate(*engine, greedy_prompt(long_beginning, 16));

    const Answer next = generate(*engine, greedy_prompt(long_beginning + first.text, 8));

    // The answer's bytes may tokenize differently than they were generated, the prompt's do not.
    EXPECT_GE(next.cached_tokens, first.prompt_tokens);
}

TEST(EnginePrefix, ABusySlotSharesItsBeginning) {
    const auto engine = open_model("random");
    const auto busy = std::make_shared<Recorder>();
    busy->close_gate();
    ASSERT_TRUE(engine->submit(greedy_prompt(long_beginning + "The mist", 16), busy).has_value());
    busy->wait_until_at_gate();

    const auto beside = start(*engine, greedy_prompt(long_beginning + "A heron", 16));
    busy->open_gate();
    const Answer second = beside->wait_until_done();
    const Answer first = busy->wait_until_done();

    EXPECT_GE(second.cached_tokens, 25u);
    EXPECT_EQ(second.text, cold_answer(long_beginning + "A heron", 16));
    EXPECT_EQ(first.text, cold_answer(long_beginning + "The mist", 16));
}

TEST(EngineCells, SharedCellsAreCountedOnceAndFreedAtTheEnd) {
    const auto engine = open_model("random");
    const auto first = std::make_shared<Recorder>();
    const auto second = std::make_shared<Recorder>();
    first->close_gate();
    ASSERT_TRUE(engine->submit(greedy_prompt(long_beginning, 200), first).has_value());
    first->wait_until_at_gate();
    second->close_gate();
    ASSERT_TRUE(engine->submit(greedy_prompt(long_beginning, 200), second).has_value());
    first->open_gate();
    second->wait_until_at_gate();

    const EngineStats both = engine->stats();
    second->open_gate();
    const Answer answer = first->wait_until_done();
    second->wait_until_done();

    EXPECT_EQ(both.slots_busy, 2u);
    EXPECT_EQ(both.kv_cells, 512u);
    EXPECT_GT(both.kv_cells_used, answer.prompt_tokens);
    EXPECT_LT(both.kv_cells_used, 2 * answer.prompt_tokens);
    EXPECT_EQ(engine->stats().kv_cells_used, 0u);
    EXPECT_EQ(engine->stats().slots_busy, 0u);
}

TEST(EngineCells, WhenCellsRunOutCallsWaitForEachOtherAndAllEndAsIfAlone) {
    const std::vector<std::string> prompts{"The river", "A heron stands", "Rain falls", "In winter"};
    const auto engine = open_model("random", with_slots(4, 256));
    std::vector<std::shared_ptr<Recorder>> together;

    for (const std::string& prompt : prompts) together.push_back(start(*engine, greedy_prompt(prompt, 120)));

    for (std::size_t i = 0; i < prompts.size(); ++i) {
        const Answer answer = together[i]->wait_until_done();
        EXPECT_EQ(answer.finish().reason, FinishReason::length);
        EXPECT_EQ(answer.finish().completion_tokens, 120u);
        EXPECT_EQ(answer.starts, 1) << "a preempted call starts once";
        EXPECT_EQ(answer.text.substr(0, 60), cold_answer(prompts[i], 120).substr(0, 60)) << prompts[i];
    }
    EXPECT_GT(engine->stats().preemptions, 0u);
    EXPECT_EQ(engine->stats().calls_finished, 4u);
}

TEST(EngineCells, IdleSlotsGiveTheirCellsToALargePrompt) {
    const auto engine = open_model("random", with_slots(2, 256));
    generate(*engine, greedy_prompt("A heron stands", 100));
    generate(*engine, greedy_prompt("Rain falls", 100));
    std::string large = long_beginning;
    while (engine->count_tokens(greedy_prompt(large + large, 1)).value() < 250) large += long_beginning;

    const Answer answer = generate(*engine, greedy_prompt(large, 8));

    EXPECT_EQ(answer.finish().completion_tokens, 8u);
    EXPECT_EQ(answer.text, cold_answer(large, 8));
}

}  // namespace
}  // namespace forebay::engine
