// The queue and the ends of calls that do not end by themselves.
#include <gtest/gtest.h>

#include <thread>

#include "engine/test_rig.h"

namespace forebay::engine {
namespace {

EngineSettings one_slot() {
    EngineSettings settings = small_settings();
    settings.slots = 1;
    settings.queue_calls = 1;
    return settings;
}

// A call that holds the engine at its first token until its gate opens.
std::shared_ptr<Recorder> hold(Engine& engine, CallId* id = nullptr,
                               std::optional<std::chrono::steady_clock::time_point> limit = {}) {
    auto recorder = std::make_shared<Recorder>();
    recorder->close_gate();
    GenerateRequest request = greedy_prompt("The river", 100);
    if (limit) request.deadline = *limit;
    const Result<CallId> call = engine.submit(std::move(request), recorder);
    EXPECT_TRUE(call.has_value());
    if (call && id) *id = *call;
    recorder->wait_until_at_gate();
    return recorder;
}

TEST(EngineQueue, AFullQueueRefusesTheNextCallAndServesTheOthers) {
    const auto engine = open_model("random", one_slot());
    const auto running = hold(*engine);
    const auto waiting = start(*engine, greedy_prompt("A heron", 4));
    EXPECT_EQ(engine->stats().calls_waiting, 1u);

    const Result<CallId> refused = engine->submit(greedy_prompt("Rain", 4), std::make_shared<Recorder>());
    running->open_gate();

    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::resource_exhausted);
    EXPECT_EQ(running->wait_until_done().finish().completion_tokens, 100u);
    EXPECT_EQ(waiting->wait_until_done().finish().completion_tokens, 4u);
    EXPECT_EQ(engine->stats().calls_waiting, 0u);
}

TEST(EngineQueue, ACallCancelledInTheQueueEndsWithoutStarting) {
    const auto engine = open_model("random", one_slot());
    const auto running = hold(*engine);
    CallId id = 0;
    const auto waiting = start(*engine, greedy_prompt("A heron", 4), &id);

    engine->cancel(id);
    running->open_gate();
    const Answer answer = waiting->wait_until_done();

    EXPECT_EQ(answer.finish().reason, FinishReason::cancelled);
    EXPECT_EQ(answer.starts, 0);
    EXPECT_EQ(answer.finish().completion_tokens, 0u);
}

TEST(EngineQueue, ACallCancelledWhileGeneratingFreesItsSlotAtOnce) {
    const auto engine = open_model("random", one_slot());
    CallId id = 0;
    const auto running = hold(*engine, &id);
    const auto waiting = start(*engine, greedy_prompt("A heron", 4));

    engine->cancel(id);
    running->open_gate();
    const Answer cancelled = running->wait_until_done();

    EXPECT_EQ(cancelled.finish().reason, FinishReason::cancelled);
    EXPECT_EQ(cancelled.finish().completion_tokens, 1u) << "no token after the one at the gate";
    EXPECT_EQ(cancelled.events_after_end, 0);
    EXPECT_EQ(waiting->wait_until_done().finish().completion_tokens, 4u);
}

TEST(EngineQueue, CancellingAnEndedOrUnknownCallDoesNothing) {
    const auto engine = open_model("random", one_slot());
    CallId id = 0;
    start(*engine, greedy_prompt("A heron", 2), &id)->wait_until_done();

    engine->cancel(id);
    engine->cancel(id + 1000);

    EXPECT_EQ(generate(*engine, greedy_prompt("Rain", 3)).finish().completion_tokens, 3u);
}

TEST(EngineQueue, ACallWhoseDeadlineHasPassedNeverStarts) {
    const auto engine = open_model("random", one_slot());
    GenerateRequest request = greedy_prompt("A heron", 4);
    request.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);

    const Answer answer = generate(*engine, std::move(request));

    ASSERT_FALSE(answer.end->has_value());
    EXPECT_EQ(answer.error().code, Code::deadline_exceeded);
    EXPECT_EQ(answer.starts, 0);
}

TEST(EngineQueue, ADeadlineEndsACallBetweenTwoTokens) {
    const auto engine = open_model("random", one_slot());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    const auto running = hold(*engine, nullptr, deadline);

    while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    running->open_gate();
    const Answer answer = running->wait_until_done();

    ASSERT_FALSE(answer.end->has_value());
    EXPECT_EQ(answer.error().code, Code::deadline_exceeded);
    EXPECT_EQ(answer.parts.size(), 1u);
    EXPECT_EQ(generate(*engine, greedy_prompt("Rain", 3)).finish().completion_tokens, 3u);
}

TEST(EngineQueue, StoppingCancelsEveryCallOnceAndRefusesNewOnes) {
    EngineSettings settings = small_settings();
    settings.queue_calls = 8;
    const auto engine = open_model("random", settings);
    std::vector<std::shared_ptr<Recorder>> calls;
    for (int i = 0; i < 6; ++i) calls.push_back(start(*engine, greedy_prompt("The river", 400)));
    calls.front()->wait_until_started();

    engine->stop_blocking();

    for (const auto& call : calls) {
        ASSERT_TRUE(call->is_done());
        const Answer answer = call->wait_until_done();
        EXPECT_EQ(answer.ends, 1);
        EXPECT_EQ(answer.events_after_end, 0);
        ASSERT_TRUE(answer.end->has_value());
    }
    EXPECT_EQ(calls.back()->wait_until_done().finish().reason, FinishReason::cancelled);
    const Result<CallId> late = engine->submit(greedy_prompt("Rain", 3), std::make_shared<Recorder>());
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, Code::unavailable);
}

TEST(EngineQueue, ManyThreadsSubmitAndCancelAndEveryCallEndsOnce) {
    EngineSettings settings = small_settings();
    settings.slots = 4;
    settings.queue_calls = 100;
    const auto engine = open_model("random", settings);
    std::vector<std::vector<std::shared_ptr<Recorder>>> calls(4);
    std::vector<std::thread> threads;

    for (std::size_t t = 0; t < calls.size(); ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 15; ++i) {
                CallId id = 0;
                calls[t].push_back(start(*engine, greedy_prompt("The river", 12), &id));
                if (i % 3 == 0) engine->cancel(id);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();

    for (const auto& of_thread : calls) {
        for (const auto& call : of_thread) EXPECT_EQ(call->wait_until_done().ends, 1);
    }
    EXPECT_EQ(engine->stats().calls_finished, 60u);
    EXPECT_EQ(engine->stats().kv_cells_used, 0u);
}

}  // namespace
}  // namespace forebay::engine
