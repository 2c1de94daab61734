#include "training/local_driver.h"

#include <filesystem>

#include "tokenizer/bpe_trainer.h"
#include "training/estimate.h"
#include "training/model_metadata.h"
#include "training/readable.h"
#include "training/training_data.h"
#include "training/training_loop.h"

namespace forebay::training {
namespace {

namespace fs = std::filesystem;

std::string metadata_file(const RunFolder& folder) { return folder.path() + "/metadata.gguf"; }

Result<std::string> read_text_blocking(const std::string& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    std::string out(error ? 0 : size, '\0');
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
    if (!stream || std::fread(out.data(), 1, out.size(), stream.get()) != out.size()) {
        return fail(Code::not_found, "{} cannot be read", file);
    }
    return out;
}

void add_texts(std::vector<std::string_view>& corpus, const std::vector<registry::Row>& rows) {
    for (const registry::Row& row : rows) {
        if (!row.text.empty()) corpus.push_back(row.text);
        for (const registry::Message& message : row.messages) corpus.push_back(message.content);
    }
}

// The texts of the training rows and of the recipe's corpus, whose .jsonl files are rows too.
Result<tokenizer::BpeVocabulary> train_vocabulary_blocking(const Recipe& recipe, const RawData& raw) {
    std::vector<std::string> texts;
    std::vector<std::vector<registry::Row>> more_rows;
    std::vector<std::string_view> corpus;
    add_texts(corpus, raw.train);
    for (const std::string& file : recipe.corpus) {
        if (file.ends_with(".jsonl")) {
            FOREBAY_TRY(more_rows.emplace_back(), read_rows_or_fail_blocking(file, recipe.data.format));
        } else {
            FOREBAY_TRY(texts.emplace_back(), read_text_blocking(file));
        }
    }
    for (const auto& rows : more_rows) add_texts(corpus, rows);
    for (const std::string& text : texts) corpus.push_back(text);
    // The words that templates put around messages.
    for (const std::string_view role : {"system\n", "user\n", "assistant\n"}) {
        corpus.insert(corpus.end(), {role, role});
    }
    tokenizer::BpeOptions options;
    options.vocabulary = recipe.architecture.vocabulary;
    options.control = {token_end_of_text, token_turn_start, token_turn_end};
    return tokenizer::train_bpe(corpus, options);
}

// Once per run: a resumed one uses the file that is there.
Result<void> make_metadata_blocking(const Recipe& recipe, const RawData& raw, const std::string& base_file,
                                    const RunFolder& folder, const Progress& progress) {
    const std::string file = metadata_file(folder);
    if (fs::exists(file)) return {};
    if (!recipe.from_scratch) return copy_metadata_blocking(file, recipe, base_file);
    if (!recipe.tokenizer.empty()) return copy_metadata_blocking(file, recipe, recipe.tokenizer);
    if (progress.on_line)
        progress.on_line(fmt::format("training a tokenizer of {} tokens", recipe.architecture.vocabulary));
    FOREBAY_TRY(const tokenizer::BpeVocabulary vocabulary, train_vocabulary_blocking(recipe, raw));
    return write_metadata_blocking(file, recipe, vocabulary);
}

Result<gradients::Weights> make_weights_blocking(const Recipe& recipe, const std::string& base_file,
                                                 const RowEncoder& encoder, const gradients::Device& device) {
    if (recipe.from_scratch) {
        Architecture shape = recipe.architecture;
        shape.vocabulary = static_cast<std::uint32_t>(encoder.vocabulary_tokens());
        return gradients::Weights::random_blocking(shape, recipe.seed, device);
    }
    FOREBAY_TRY(gradients::Weights weights,
                gradients::Weights::read_blocking(base_file, recipe.method == Method::lora, device));
    if (weights.shape().vocabulary != static_cast<std::uint32_t>(encoder.vocabulary_tokens())) {
        return fail(Code::invalid_argument, "{} embeds {} tokens and its vocabulary has {}", base_file,
                    weights.shape().vocabulary, encoder.vocabulary_tokens());
    }
    if (recipe.context > weights.shape().context) {
        return fail(Code::invalid_argument, "the recipe's context of {} tokens is above the base's {}", recipe.context,
                    weights.shape().context);
    }
    if (recipe.method == Method::lora) {
        const gradients::LowRankSettings settings{recipe.lora.rank, recipe.lora.alpha, recipe.lora.targets};
        FOREBAY_TRY_VOID(weights.add_low_rank_blocking(settings, recipe.seed));
    }
    return weights;
}

gradients::LearnerSettings learner_settings(const Recipe& recipe) {
    gradients::LearnerSettings settings;
    settings.threads = recipe.threads;
    settings.adam = recipe.adam;
    return settings;
}

Result<Estimate> estimate_for(const Recipe& recipe, const std::string& base_file, const EncodedData& data) {
    Architecture shape = recipe.architecture;
    if (!recipe.from_scratch) {
        FOREBAY_TRY(shape, gradients::read_shape_blocking(base_file));
    }
    const std::uint32_t threads = recipe.threads == 0 ? gradients::processors() : recipe.threads;
    return estimate(shape, recipe, {data.train.size(), data.tokens, data.longest}, threads);
}

ggml_type type_named(const std::string& name) {
    if (name == "f32") return GGML_TYPE_F32;
    return name == "f16" ? GGML_TYPE_F16 : GGML_TYPE_Q8_0;
}

Result<TrainingOutput> write_output_blocking(const Recipe& recipe, RunFolder& folder,
                                             const gradients::Weights& weights) {
    TrainingOutput output;
    output.adapter = recipe.method == Method::lora;
    const std::string out_folder = folder.path() + "/output";
    std::error_code error;
    fs::create_directories(out_folder, error);
    output.file = out_folder + "/model.gguf";
    FOREBAY_TRY(const gradients::GgufPtr metadata, read_metadata_blocking(metadata_file(folder)));
    FOREBAY_TRY_VOID(weights.write_model_blocking(output.file, type_named(recipe.output_type), *metadata));
    if (output.adapter) {
        // Both: the adapter for servers that load it beside its base, the merged model for all others.
        output.merged_file = std::exchange(output.file, out_folder + "/adapter.gguf");
        FOREBAY_TRY_VOID(weights.write_adapter_blocking(output.file, recipe.name));
    }
    RunState state = folder.state();
    state.weights_digest = weights.digest_blocking();
    state.output_file = output.file;
    FOREBAY_TRY_VOID(folder.save_blocking(state));
    return output;
}

}  // namespace

Result<TrainingOutput> LocalDriver::run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) {
    const auto say = [&](const std::string& line) {
        if (progress.on_line) progress.on_line(line);
    };
    FOREBAY_TRY(const RawData raw, read_run_data_blocking(recipe, folder));
    FOREBAY_TRY(const gradients::Device device, gradients::find_device_blocking(options_.allow_gpu));
    FOREBAY_TRY_VOID(make_metadata_blocking(recipe, raw, options_.base_file, folder, progress));
    FOREBAY_TRY(const auto encoder, RowEncoder::open_blocking(metadata_file(folder), recipe.loss, recipe.turn_end));
    FOREBAY_TRY(const EncodedData data, encode_data(recipe, raw, *encoder));
    FOREBAY_TRY(const Estimate needs, estimate_for(recipe, options_.base_file, data));
    say(fmt::format("{} steps; needs about {} of memory and {} of disk", needs.steps,
                    readable_bytes(needs.memory_bytes), readable_bytes(needs.disk_bytes)));
    if (options_.check_room) FOREBAY_TRY_VOID(check_room_blocking(needs, folder.path()));
    FOREBAY_TRY(gradients::Weights weights, make_weights_blocking(recipe, options_.base_file, *encoder, device));
    say(fmt::format("{} rows, {} tokens, the longest {}; {} for evaluation{}", data.train.size(), data.tokens,
                    data.longest, data.evaluation.size(),
                    data.left_out == 0
                        ? ""
                        : fmt::format("; {} rows are too long or predict nothing and are left out", data.left_out)));
    say(fmt::format("{} parameters, {} of them trained, on {}", weights.parameters(), weights.trained_parameters(),
                    device.name));
    FOREBAY_TRY(const auto learner,
                gradients::Learner::create_blocking(weights, gradients::next_token_loss(), learner_settings(recipe)));
    TrainingLoop loop(recipe, data, weights, *learner, folder, progress);
    FOREBAY_TRY_VOID(loop.run_blocking());
    return write_output_blocking(recipe, folder, weights);
}

Result<void> LocalDriver::export_blocking(const Recipe& recipe, const RunFolder& folder, const std::string& type,
                                          const std::string& file) const {
    std::string checkpoint = folder.path() + "/best.bin";
    if (recipe.early_stop == 0 || !fs::exists(checkpoint)) {
        const auto newest = newest_checkpoint_blocking(folder.path());
        if (!newest) return fail(Code::not_found, "run {} has no checkpoint to export from", folder.state().id);
        checkpoint = *newest;
    }
    FOREBAY_TRY(const gradients::Device device, gradients::find_device_blocking(false));
    FOREBAY_TRY(const auto encoder, RowEncoder::open_blocking(metadata_file(folder), recipe.loss, recipe.turn_end));
    FOREBAY_TRY(gradients::Weights weights, make_weights_blocking(recipe, options_.base_file, *encoder, device));
    FOREBAY_TRY(const auto learner,
                gradients::Learner::create_blocking(weights, gradients::next_token_loss(), learner_settings(recipe)));
    FOREBAY_TRY_VOID(read_checkpoint_blocking(checkpoint, folder.state().recipe_digest, weights, *learner));
    FOREBAY_TRY(const gradients::GgufPtr metadata, read_metadata_blocking(metadata_file(folder)));
    return weights.write_model_blocking(file, type_named(type), *metadata);
}

}  // namespace forebay::training
