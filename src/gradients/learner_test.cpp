#include "gradients/learner.h"

#include <gtest/gtest.h>
#include <llama.h>

#include <cmath>
#include <filesystem>
#include <random>

namespace forebay::gradients {
namespace {

LlamaShape small_shape(std::uint32_t kv_heads = 2, bool tied = true) {
    LlamaShape shape;
    shape.layers = 2;
    shape.width = 64;
    shape.heads = 4;
    shape.kv_heads = kv_heads;
    shape.feed_forward = 96;
    shape.vocabulary = 50;
    shape.context = 64;
    shape.tied_embeddings = tied;
    return shape;
}

Device cpu() { return find_device_blocking(false).value(); }

TokenRow row_of(std::vector<std::int32_t> tokens, std::size_t prompt) {
    TokenRow row;
    row.predicted.assign(tokens.size(), 1);
    std::fill_n(row.predicted.begin(), prompt, std::uint8_t{0});
    row.tokens = std::move(tokens);
    return row;
}

std::vector<TokenRow> some_rows(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<TokenRow> rows;
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<std::int32_t> tokens(5 + random() % 20);
        for (auto& token : tokens) token = static_cast<std::int32_t>(random() % 50);
        rows.push_back(row_of(std::move(tokens), 1 + random() % 4));
    }
    return rows;
}

std::vector<const TokenRow*> pointers(const std::vector<TokenRow>& rows) {
    std::vector<const TokenRow*> out;
    for (const TokenRow& row : rows) out.push_back(&row);
    return out;
}

std::unique_ptr<Learner> learner_for(Weights& weights, std::uint32_t threads = 1, std::int64_t micro_batch_tokens = 64,
                                     Precision precision = Precision::f32) {
    LearnerSettings settings;
    settings.threads = threads;
    settings.micro_batch_tokens = micro_batch_tokens;
    settings.precision = precision;
    return Learner::create_blocking(weights, next_token_loss(), settings).value();
}

// The slope of the loss along each tensor's own gradient, by central differences, is the gradient's squared norm.
void expect_gradients_match_differences(Weights& weights, const std::vector<TokenRow>& rows) {
    const auto learner = learner_for(weights);
    const auto gradients = learner->gradients_blocking(pointers(rows)).value();
    const auto trained = weights.trained();
    ASSERT_EQ(gradients.size(), trained.size());
    for (std::size_t t = 0; t < trained.size(); ++t) {
        double squared = 0;
        for (const float g : gradients[t]) squared += static_cast<double>(g) * static_cast<double>(g);
        const std::vector<float> kept = weights.values(trained[t]);
        const double step = 1e-2 / std::max(1e-6, std::sqrt(squared));
        double losses[2];
        for (const int side : {0, 1}) {
            std::vector<float> moved = kept;
            for (std::size_t i = 0; i < moved.size(); ++i)
                moved[i] += static_cast<float>((side == 0 ? -step : step) * static_cast<double>(gradients[t][i]));
            ggml_backend_tensor_set(trained[t], moved.data(), 0, ggml_nbytes(trained[t]));
            losses[side] = learner->evaluate_blocking(pointers(rows)).value().loss;
        }
        ggml_backend_tensor_set(trained[t], kept.data(), 0, ggml_nbytes(trained[t]));
        const double slope = (losses[1] - losses[0]) / (2 * step);
        EXPECT_NEAR(slope, squared, 0.02 * squared + 2e-5) << ggml_get_name(trained[t]);
    }
}

TEST(Gradients, MatchTheSlopesOfTheLoss) {
    for (const bool tied : {true, false}) {
        for (const std::uint32_t kv_heads : {4U, 2U}) {
            auto weights = Weights::random_blocking(small_shape(kv_heads, tied), 7, cpu()).value();
            expect_gradients_match_differences(weights, some_rows(5, 3));
        }
    }
}

TEST(Learner, LearnsToRepeatWhatItSaw) {
    auto weights = Weights::random_blocking(small_shape(), 1, cpu()).value();
    const auto learner = learner_for(weights, 2);
    const std::vector<TokenRow> rows = some_rows(4, 11);
    const double before = learner->evaluate_blocking(pointers(rows)).value().loss;
    EXPECT_NEAR(before, std::log(50.0), 0.3);
    for (int i = 0; i < 150; ++i) ASSERT_TRUE(learner->step_blocking(pointers(rows), 3e-3).has_value());
    EXPECT_LT(learner->evaluate_blocking(pointers(rows)).value().loss, 0.2);
}

TEST(Learner, GivesTheSameWeightsWithAnyNumberOfThreads) {
    std::string digests[2];
    for (const std::uint32_t threads : {1U, 3U}) {
        auto weights = Weights::random_blocking(small_shape(), 1, cpu()).value();
        const auto learner = learner_for(weights, threads);
        for (std::uint64_t i = 0; i < 5; ++i) {
            const auto rows = some_rows(12, i);
            ASSERT_TRUE(learner->step_blocking(pointers(rows), 1e-3).has_value());
        }
        digests[threads == 1 ? 0 : 1] = weights.digest_blocking();
    }
    EXPECT_EQ(digests[0], digests[1]);
}

TEST(Learner, GivesNearlyTheSameGradientsInBfloat16) {
    auto weights = Weights::random_blocking(small_shape(), 1, cpu()).value();
    const auto rows = some_rows(12, 5);
    const auto exact = learner_for(weights)->gradients_blocking(pointers(rows)).value();
    const auto narrow = learner_for(weights, 1, 64, Precision::bf16)->gradients_blocking(pointers(rows)).value();
    for (std::size_t t = 0; t < exact.size(); ++t) {
        double difference = 0;
        double total = 0;
        for (std::size_t i = 0; i < exact[t].size(); ++i) {
            difference += std::pow(static_cast<double>(exact[t][i]) - static_cast<double>(narrow[t][i]), 2);
            total += std::pow(static_cast<double>(exact[t][i]), 2);
        }
        EXPECT_LT(std::sqrt(difference), 0.03 * std::sqrt(total)) << ggml_get_name(weights.trained()[t]);
        EXPECT_NE(difference, 0.0) << "nothing was computed in bfloat16";
    }
}

}  // namespace
}  // namespace forebay::gradients
