// Our graph against llama.cpp's: the same GGUF must give the same losses.
#include <gtest/gtest.h>
#include <llama-cpp.h>

#include <cmath>

#include "engine/backends.h"
#include "gradients/learner.h"
#include "tokenizer/bpe_tokenizer.h"
#include "training/model_metadata.h"
#include "training/row_encoder.h"
#include "training/test_folder.h"

namespace forebay::training {
namespace {

using gradients::TokenRow;
using gradients::Weights;

constexpr const char* corpus_text =
    "the kettle is broken and the lamp is late, please send the kettle again before the lamp arrives today ";

Recipe small_recipe(std::uint32_t kv_heads, bool tied) {
    Recipe recipe;
    recipe.name = "small";
    recipe.from_scratch = true;
    recipe.architecture.layers = 2;
    recipe.architecture.width = 64;
    recipe.architecture.heads = 4;
    recipe.architecture.kv_heads = kv_heads;
    recipe.architecture.feed_forward = 96;
    recipe.architecture.vocabulary = 300;
    recipe.architecture.context = 128;
    recipe.architecture.tied_embeddings = tied;
    recipe.architecture.rope_base = 5'000;
    return recipe;
}

tokenizer::BpeVocabulary small_vocabulary() {
    const std::string text = std::string(corpus_text) + corpus_text;
    const std::string_view corpus[] = {text};
    tokenizer::BpeOptions options;
    options.vocabulary = 300;
    options.control = {token_end_of_text, token_turn_start, token_turn_end};
    return tokenizer::train_bpe(corpus, options).value();
}

registry::Row chat_row(std::vector<registry::Message> messages) {
    registry::Row row;
    row.messages = std::move(messages);
    return row;
}

// Metadata, weights with large random numbers (so that every part of the graph matters) and an encoded row.
struct SmallModel {
    explicit SmallModel(const TestFolder& folder, std::uint32_t kv_heads = 2, bool tied = true)
        : recipe(small_recipe(kv_heads, tied)),
          metadata(folder.file("metadata.gguf")),
          device(gradients::find_device_blocking(false).value()) {
        const auto vocabulary = small_vocabulary();
        recipe.architecture.vocabulary = static_cast<std::uint32_t>(vocabulary.tokens.size());
        EXPECT_TRUE(write_metadata_blocking(metadata, recipe, vocabulary).has_value());
        encoder = RowEncoder::open_blocking(metadata, LossOn::assistant).value();
        row =
            encoder->encode(chat_row({{"user", "is the kettle late today?"}, {"assistant", "the lamp is broken"}}), 128)
                .value()
                .front();
    }

    Weights random_weights(std::uint64_t seed) const {
        Weights weights = Weights::random_blocking(recipe.architecture, seed, device).value();
        gradients::NormalNumbers normal(seed + 1);
        for (ggml_tensor* tensor : weights.trained()) {
            std::vector<float> values = weights.values(tensor);
            for (float& value : values) value = (tensor->ne[1] > 1 ? 0.0f : 1.0f) + 0.15f * normal.next();
            ggml_backend_tensor_set(tensor, values.data(), 0, ggml_nbytes(tensor));
        }
        return weights;
    }

    double loss_of(Weights& weights) const {
        gradients::LearnerSettings settings;
        settings.threads = 1;
        settings.precision = gradients::Precision::f32;
        const auto learner =
            gradients::Learner::create_blocking(weights, gradients::next_token_loss(), settings).value();
        return learner->evaluate_blocking({&row}).value().loss;
    }

    Recipe recipe;
    std::string metadata;
    gradients::Device device;
    std::unique_ptr<RowEncoder> encoder;
    TokenRow row;
};

// The mean of -log p over the predicted tokens, by llama.cpp.
double llama_loss(const std::string& file, const std::string& adapter, const TokenRow& row) {
    const llama_model_ptr model(llama_model_load_from_file(file.c_str(), llama_model_default_params()));
    EXPECT_TRUE(model);
    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = 256;
    parameters.type_k = GGML_TYPE_F32;
    parameters.type_v = GGML_TYPE_F32;
    parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    const llama_context_ptr context(llama_init_from_model(model.get(), parameters));
    llama_adapter_lora_ptr lora;
    if (!adapter.empty()) {
        lora.reset(llama_adapter_lora_init(model.get(), adapter.c_str()));
        EXPECT_TRUE(lora);
        llama_adapter_lora* adapters[] = {lora.get()};
        float scales[] = {1.0f};
        llama_set_adapters_lora(context.get(), adapters, 1, scales);
    }
    const auto count = static_cast<std::int32_t>(row.tokens.size());
    llama_batch batch = llama_batch_init(count, 0, 1);
    for (std::int32_t i = 0; i < count; ++i) {
        batch.token[i] = row.tokens[static_cast<std::size_t>(i)];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = 1;
    }
    batch.n_tokens = count;
    EXPECT_EQ(llama_decode(context.get(), batch), 0);
    llama_batch_free(batch);
    const std::int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    double total = 0;
    int predictions = 0;
    for (std::int32_t i = 1; i < count; ++i) {
        if (!row.predicted[static_cast<std::size_t>(i)]) continue;
        const float* logits = llama_get_logits_ith(context.get(), i - 1);
        double sum = 0;
        for (std::int32_t t = 0; t < vocabulary; ++t) sum += std::exp(static_cast<double>(logits[t]));
        total += std::log(sum) - static_cast<double>(logits[row.tokens[static_cast<std::size_t>(i)]]);
        ++predictions;
    }
    return total / predictions;
}

TEST(LocalModel, HasTheLossThatLlamaCppComputesFromItsFile) {
    for (const auto& [kv_heads, tied] : {std::pair(4U, true), std::pair(2U, false), std::pair(1U, true)}) {
        const TestFolder folder;
        const SmallModel model(folder, kv_heads, tied);
        Weights weights = model.random_weights(3);
        const auto metadata = read_metadata_blocking(model.metadata).value();
        const std::string file = folder.file("model.gguf");
        ASSERT_TRUE(weights.write_model_blocking(file, GGML_TYPE_F32, *metadata).has_value());
        const double expected = llama_loss(file, {}, model.row);
        EXPECT_NEAR(model.loss_of(weights), expected, 2e-3 * expected) << kv_heads;
        Weights read = Weights::read_blocking(file, false, model.device).value();
        EXPECT_EQ(read.digest_blocking(), weights.digest_blocking());
    }
}

TEST(LocalModel, QuantisedKeepsNearlyItsLoss) {
    const TestFolder folder;
    const SmallModel model(folder);
    Weights weights = model.random_weights(4);
    const auto metadata = read_metadata_blocking(model.metadata).value();
    const std::string file = folder.file("model.gguf");
    ASSERT_TRUE(weights.write_model_blocking(file, GGML_TYPE_Q8_0, *metadata).has_value());
    const double exact = model.loss_of(weights);
    EXPECT_NEAR(llama_loss(file, {}, model.row), exact, 0.05 * exact);
}

TEST(LocalModel, AdapterLoadsInLlamaCppAndEqualsTheMergedModel) {
    const TestFolder folder;
    const SmallModel model(folder);
    Weights weights = model.random_weights(5);
    const auto metadata = read_metadata_blocking(model.metadata).value();
    const std::string base = folder.file("base.gguf");
    ASSERT_TRUE(weights.write_model_blocking(base, GGML_TYPE_F32, *metadata).has_value());
    const double before = model.loss_of(weights);

    ASSERT_TRUE(weights.add_low_rank_blocking({4, 16, {"attn_q", "attn_v", "ffn_down"}}, 9).has_value());
    EXPECT_NEAR(model.loss_of(weights), before, 1e-6 * before) << "an adapter begins as nothing";
    gradients::LearnerSettings settings;
    settings.threads = 1;
    const auto learner = gradients::Learner::create_blocking(weights, gradients::next_token_loss(), settings).value();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(learner->step_blocking({&model.row}, 1e-2).has_value());
    const double after = model.loss_of(weights);
    EXPECT_LT(after, 0.7 * before);

    const std::string adapter = folder.file("adapter.gguf");
    const std::string merged = folder.file("merged.gguf");
    ASSERT_TRUE(weights.write_adapter_blocking(adapter, "small").has_value());
    ASSERT_TRUE(weights.write_model_blocking(merged, GGML_TYPE_F32, *metadata).has_value());
    EXPECT_NEAR(llama_loss(base, adapter, model.row), after, 5e-3 * after + 1e-3);
    EXPECT_NEAR(llama_loss(merged, {}, model.row), after, 5e-3 * after + 1e-3);
}

TEST(LocalModel, AdapterTrainsOverAQuantisedBase) {
    const TestFolder folder;
    const SmallModel model(folder);
    const Weights weights = model.random_weights(6);
    const auto metadata = read_metadata_blocking(model.metadata).value();
    const std::string base = folder.file("base.gguf");
    ASSERT_TRUE(weights.write_model_blocking(base, GGML_TYPE_Q8_0, *metadata).has_value());
    Weights quantised = Weights::read_blocking(base, true, model.device).value();
    EXPECT_EQ(quantised.find("blk.0.attn_q.weight")->type, GGML_TYPE_Q8_0);
    ASSERT_TRUE(quantised.add_low_rank_blocking({4, 16, {"attn_q", "attn_v"}}, 9).has_value());
    const double before = model.loss_of(quantised);
    gradients::LearnerSettings settings;
    settings.threads = 1;
    const auto learner = gradients::Learner::create_blocking(quantised, gradients::next_token_loss(), settings).value();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(learner->step_blocking({&model.row}, 1e-2).has_value());
    EXPECT_LT(model.loss_of(quantised), 0.8 * before);
}

TEST(RowEncoder, PredictsTheAssistantsTurnsWithTheirEndAndNothingElse) {
    const TestFolder folder;
    const SmallModel model(folder);
    const auto rows = model.encoder
                          ->encode(chat_row({{"system", "be brief"},
                                             {"user", "late?"},
                                             {"assistant", "the kettle"},
                                             {"user", "again?"},
                                             {"assistant", "the lamp"}}),
                                   128)
                          .value();
    auto table = tokenizer::TokenTable::build(tokenizer::as_vocabulary(small_vocabulary())).value();
    const auto tokenizer = tokenizer::make_bpe_tokenizer(std::move(table)).value();
    ASSERT_EQ(rows.size(), 1U);
    std::string all;
    std::string predicted;
    for (std::size_t i = 0; i < rows[0].tokens.size(); ++i) {
        const std::string bytes(tokenizer->bytes_of(rows[0].tokens[i]));
        all += bytes;
        if (rows[0].predicted[i]) predicted += bytes;
    }
    EXPECT_EQ(all,
              "<|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\nlate?<|im_end|>\n<|im_start|>assistant\nthe "
              "kettle<|im_end|>\n<|im_start|>user\nagain?<|im_end|>\n<|im_start|>assistant\nthe lamp<|im_end|>");
    EXPECT_EQ(predicted, "the kettle<|im_end|>the lamp<|im_end|>");
}

TEST(RowEncoder, EndsTurnsWithTheTokenThatTheRecipeNames) {
    const TestFolder folder;
    const SmallModel model(folder);
    const auto encoder = RowEncoder::open_blocking(model.metadata, LossOn::assistant, token_end_of_text).value();
    const auto row = encoder->encode(chat_row({{"user", "x"}, {"assistant", "y"}}), 128).value().front();
    EXPECT_EQ(row.tokens.back(), encoder->vocabulary_tokens() - 3);
    EXPECT_FALSE(RowEncoder::open_blocking(model.metadata, LossOn::assistant, "kettle").has_value());
    EXPECT_FALSE(RowEncoder::open_blocking(model.metadata, LossOn::assistant, token_turn_start).has_value());
}

TEST(RowEncoder, NeverMakesControlTokensOfWhatPeopleWrote) {
    const TestFolder folder;
    const SmallModel model(folder);
    const auto plain = model.encoder->encode(chat_row({{"user", "x"}, {"assistant", "y"}}), 128).value().front();
    const auto hostile =
        model.encoder->encode(chat_row({{"user", "<|im_end|>"}, {"assistant", "<|im_start|>"}}), 128).value().front();
    const auto controls = [](const TokenRow& row, std::int32_t vocabulary) {
        return std::ranges::count_if(row.tokens, [&](std::int32_t token) { return token >= vocabulary - 3; });
    };
    EXPECT_EQ(controls(hostile, model.encoder->vocabulary_tokens()),
              controls(plain, model.encoder->vocabulary_tokens()));
}

TEST(RowEncoder, CutsATextIntoRowsOfTheContext) {
    const TestFolder folder;
    const SmallModel model(folder);
    registry::Row row;
    row.text = std::string(corpus_text) + corpus_text + corpus_text;
    const auto rows = model.encoder->encode(row, 16).value();
    ASSERT_GT(rows.size(), 2U);
    for (const TokenRow& one : rows) {
        EXPECT_LE(one.tokens.size(), 16U);
        EXPECT_EQ(one.predictions(), one.tokens.size() - 1);
    }
}

}  // namespace
}  // namespace forebay::training
