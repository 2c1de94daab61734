#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "training/checkpoint.h"
#include "training/learning_rate.h"
#include "training/score.h"
#include "training/step_rows.h"
#include "training/test_folder.h"

namespace forebay::training {
namespace {

TEST(StepRows, SeeEachRowOnceAnEpochInAnotherOrderEachTime) {
    StepRows rows(10, 4, 7);
    EXPECT_EQ(rows.steps(2), 5U);
    std::vector<std::uint64_t> seen;
    for (std::uint64_t step = 0; step < 5; ++step) {
        for (const std::uint64_t row : rows.of(step)) seen.push_back(row);
    }
    const std::vector<std::uint64_t> first(seen.begin(), seen.begin() + 10);
    const std::vector<std::uint64_t> second(seen.begin() + 10, seen.end());
    EXPECT_EQ(std::set(first.begin(), first.end()).size(), 10U);
    EXPECT_EQ(std::set(second.begin(), second.end()).size(), 10U);
    EXPECT_NE(first, second);
}

TEST(StepRows, DependOnTheStepAndTheSeedAlone) {
    StepRows straight(100, 8, 7);
    for (std::uint64_t step = 0; step < 30; ++step) straight.of(step);
    StepRows resumed(100, 8, 7);
    EXPECT_EQ(resumed.of(30), straight.of(30));
    EXPECT_NE(StepRows(100, 8, 8).of(30), straight.of(30));
}

TEST(ChooseRows, ChoosesSoManyDifferentOnesBySeed) {
    const auto chosen = choose_rows(1000, 50, 3);
    EXPECT_EQ(std::set(chosen.begin(), chosen.end()).size(), 50U);
    EXPECT_TRUE(std::ranges::is_sorted(chosen));
    EXPECT_EQ(chosen, choose_rows(1000, 50, 3));
    EXPECT_NE(chosen, choose_rows(1000, 50, 4));
}

TEST(LearningRate, WarmsUpToThePeakAndFallsToTheFloor) {
    LearningRate settings;
    settings.peak = 1.0;
    settings.warm_up = 0.1;
    settings.floor = 0.2;
    EXPECT_DOUBLE_EQ(learning_rate_at(settings, 0, 100), 0.1);
    EXPECT_DOUBLE_EQ(learning_rate_at(settings, 9, 100), 1.0);
    EXPECT_DOUBLE_EQ(learning_rate_at(settings, 10, 100), 1.0);
    EXPECT_DOUBLE_EQ(learning_rate_at(settings, 99, 100), 0.2);
    EXPECT_NEAR(learning_rate_at(settings, 54, 100), 0.6, 0.02);
    settings.schedule = Schedule::linear;
    EXPECT_DOUBLE_EQ(learning_rate_at(settings, 99, 100), 0.2);
    settings.schedule = Schedule::constant;
    EXPECT_DOUBLE_EQ(learning_rate_at(settings, 99, 100), 1.0);
}

TEST(Score, ComparesJsonByValueAndCountsEachField) {
    ScoreCount count;
    count.add(R"({"a":1,"b":"x"})", R"({ "b": "x", "a": 1 })");
    count.add(R"({"a":1,"b":"x"})", R"({"a":2,"b":"x"})");
    count.add(R"({"a":1,"b":"x"})", R"({"a":1,"b":"x")");
    count.add(R"({"a":1,"b":"x"})", R"({"a":1,"b":"x","c":0})");
    const ScoreResult result = count.result();
    EXPECT_EQ(result.rows, 4U);
    EXPECT_DOUBLE_EQ(result.valid_json, 0.75);
    EXPECT_DOUBLE_EQ(result.exact, 0.25);
    ASSERT_EQ(result.by_field.size(), 2U);
    EXPECT_EQ(result.by_field[0].first, "a");
    EXPECT_DOUBLE_EQ(result.by_field[0].second, 0.5);
    EXPECT_DOUBLE_EQ(result.by_field[1].second, 0.75);
}

TEST(Score, ComparesOtherAnswersAsText) {
    ScoreCount count;
    count.add("yes", "yes");
    count.add("yes", "Yes");
    EXPECT_DOUBLE_EQ(count.result().exact, 0.5);
    EXPECT_DOUBLE_EQ(count.result().valid_json, 0.0);
}

class Checkpoints : public testing::Test {
protected:
    Checkpoints() {
        gradients::LlamaShape shape;
        shape.layers = 1;
        shape.width = 32;
        shape.heads = 2;
        shape.kv_heads = 2;
        shape.feed_forward = 32;
        shape.vocabulary = 20;
        shape.context = 16;
        shape_ = shape;
        row_.tokens = {1, 2, 3, 4, 5};
        row_.predicted = {0, 1, 1, 1, 1};
    }
    struct Training {
        gradients::Weights weights;
        std::unique_ptr<gradients::Learner> learner;
    };
    std::unique_ptr<Training> begin(std::uint32_t layers = 1) const {
        gradients::LlamaShape shape = shape_;
        shape.layers = layers;
        const auto device = gradients::find_device_blocking(false).value();
        auto out = std::make_unique<Training>(
            Training{gradients::Weights::random_blocking(shape, 1, device).value(), nullptr});
        gradients::LearnerSettings settings;
        settings.threads = 1;
        out->learner =
            gradients::Learner::create_blocking(out->weights, gradients::next_token_loss(), settings).value();
        return out;
    }
    void steps(Training& training, int count) const {
        for (int i = 0; i < count; ++i) ASSERT_TRUE(training.learner->step_blocking({&row_}, 1e-2).has_value());
    }

    TestFolder folder_;
    gradients::LlamaShape shape_;
    gradients::TokenRow row_;
};

TEST_F(Checkpoints, AResumedRunEndsInTheSameWeights) {
    const auto straight = begin();
    steps(*straight, 7);

    const auto first = begin();
    steps(*first, 3);
    CheckpointState state;
    state.step = 3;
    state.train_loss = 0.1 + 0.2;
    state.recipe_digest = "r";
    const std::string file = checkpoint_file(folder_.path(), 3);
    ASSERT_TRUE(write_checkpoint_blocking(file, state, first->weights, *first->learner).has_value());

    const auto resumed = begin();
    const auto read = read_checkpoint_blocking(file, "r", resumed->weights, *resumed->learner);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->step, 3U);
    EXPECT_EQ(read->train_loss, 0.1 + 0.2) << "numbers come back to the last bit";
    steps(*resumed, 4);
    EXPECT_EQ(resumed->weights.digest_blocking(), straight->weights.digest_blocking());
}

TEST_F(Checkpoints, OnesThatAreDamagedOrDoNotFitAreRefused) {
    const auto training = begin();
    CheckpointState state;
    state.recipe_digest = "r";
    const std::string older = checkpoint_file(folder_.path(), 9);
    const std::string newer = checkpoint_file(folder_.path(), 10);
    ASSERT_TRUE(write_checkpoint_blocking(older, state, training->weights, *training->learner).has_value());
    ASSERT_TRUE(write_checkpoint_blocking(newer, state, training->weights, *training->learner).has_value());
    EXPECT_FALSE(read_checkpoint_blocking(newer, "another", training->weights, *training->learner).has_value());
    const auto larger = begin(2);
    EXPECT_FALSE(read_checkpoint_blocking(newer, "r", larger->weights, *larger->learner).has_value());

    const auto size = std::filesystem::file_size(newer);
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{9}, size / 2, size - 1}) {
        std::fstream stream(newer, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const auto byte = static_cast<char>(stream.get() ^ 1);
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(byte);
        stream.close();
        EXPECT_FALSE(read_checkpoint_blocking(newer, "r", training->weights, *training->learner).has_value()) << at;
        EXPECT_EQ(newest_checkpoint_blocking(folder_.path()), older) << "a damaged one is passed over";
    }
    for (const std::uint64_t cut : {size - 1, size / 2, std::uint64_t{10}, std::uint64_t{0}}) {
        std::filesystem::resize_file(newer, cut);
        EXPECT_FALSE(read_checkpoint_blocking(newer, "r", training->weights, *training->learner).has_value()) << cut;
    }
}

TEST_F(Checkpoints, OldOnesGo) {
    for (const int step : {5, 100, 20})
        std::ofstream(checkpoint_file(folder_.path(), static_cast<std::uint64_t>(step))) << "x";
    prune_checkpoints_blocking(folder_.path(), 2);
    EXPECT_FALSE(std::filesystem::exists(checkpoint_file(folder_.path(), 5)));
    EXPECT_TRUE(std::filesystem::exists(checkpoint_file(folder_.path(), 20)));
    EXPECT_TRUE(std::filesystem::exists(checkpoint_file(folder_.path(), 100)));
}

}  // namespace
}  // namespace forebay::training
