// How fast we train, beside llama.cpp's own llama_opt on the same model and tokens, and as a part of what this
// machine's matrix product reaches.
//
// Estimate before measuring: a step costs 6 floating point operations a parameter and token (two forward, four
// backward), nearly all of it in matrix products. At two thirds of a core's f32 peak, five million parameters on two
// cores of about 100 Gflop/s should see about 4,000 tokens/s; bfloat16 products, twice as fast alone, half as much
// again.
#include <ggml-opt.h>
#include <llama-cpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "gradients/learner.h"
#include "training/model_metadata.h"

namespace {

using namespace forebay;
using gradients::Device;
using gradients::LlamaShape;
using gradients::TokenRow;

struct Options {
    std::uint32_t threads = 0;
    std::uint32_t layers = 5;
    std::uint32_t width = 256;
    std::uint32_t feed_forward = 576;
    std::uint32_t rows = 32;
    std::uint32_t row_tokens = 128;
    double seconds = 10;
    bool no_peer = false;
};

double seconds_since(SteadyClock::time_point begun) {
    return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// Gflop/s of one thread's f32 matrix product, the best of a few sizes.
double peak_of_one_thread(const Device& device) {
    const auto backend = gradients::start_backend(device, 1).value();
    double best = 0;
    for (const std::int64_t size : {256, 512, 1024}) {
        const auto context = gradients::new_context(8, 16);
        ggml_tensor* a = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, size, size);
        ggml_tensor* b = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, size, size);
        ggml_cgraph* graph = ggml_new_graph_custom(context.get(), 16, false);
        ggml_build_forward_expand(graph, ggml_mul_mat(context.get(), a, b));
        const gradients::BufferPtr buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend.get()));
        ggml_backend_buffer_clear(buffer.get(), 0);
        const double operations = 2.0 * static_cast<double>(size * size * size);
        for (int i = 0; i < 20; ++i) {
            const auto begun = SteadyClock::now();
            if (!gradients::compute_blocking(backend.get(), graph)) return 0;
            best = std::max(best, operations / seconds_since(begun) * 1e-9);
        }
    }
    return best;
}

// All threads at once: what the machine has, not one core times their number.
double peak_of_machine(const Device& device, std::uint32_t threads) {
    std::vector<double> peaks(threads);
    {
        std::vector<std::jthread> running;
        for (double& peak : peaks) running.emplace_back([&device, &peak] { peak = peak_of_one_thread(device); });
    }
    double total = 0;
    for (const double peak : peaks) total += peak;
    return total;
}

std::vector<TokenRow> make_rows(const Options& options, std::uint32_t vocabulary, double predicted_part) {
    std::vector<TokenRow> rows(options.rows);
    std::uint64_t state = 1;
    for (TokenRow& row : rows) {
        for (std::uint32_t i = 0; i <= options.row_tokens; ++i) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            row.tokens.push_back(static_cast<std::int32_t>((state >> 33) % vocabulary));
            row.predicted.push_back(i > options.row_tokens * (1 - predicted_part) ? 1 : 0);
        }
    }
    return rows;
}

// Tokens a second: the median of its steps.
double our_rate(const Options& options, const LlamaShape& shape, const Device& device, gradients::Precision precision,
                double predicted_part) {
    auto weights = gradients::Weights::random_blocking(shape, 1, device).value();
    gradients::LearnerSettings settings;
    settings.threads = options.threads;
    settings.precision = precision;
    const auto learner = gradients::Learner::create_blocking(weights, gradients::next_token_loss(), settings).value();
    const auto rows = make_rows(options, shape.vocabulary, predicted_part);
    std::vector<const TokenRow*> pointers;
    for (const TokenRow& row : rows) pointers.push_back(&row);
    std::vector<double> rates;
    const auto begun = SteadyClock::now();
    do {
        const auto step = SteadyClock::now();
        if (!learner->step_blocking(pointers, 1e-4)) return 0;
        rates.push_back(static_cast<double>(options.rows) * options.row_tokens / seconds_since(step));
    } while (seconds_since(begun) < options.seconds);
    return median(rates);
}

// A GGUF with random weights for llama.cpp.
std::string write_model(const std::string& folder, const LlamaShape& shape, const Device& device) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += fmt::format("{} ", i * 7919 % 10007);
    const std::string_view corpus[] = {text};
    tokenizer::BpeOptions bpe;
    bpe.vocabulary = shape.vocabulary;
    bpe.count_least = 1;
    bpe.control = {training::token_end_of_text, training::token_turn_start, training::token_turn_end};
    auto vocabulary = tokenizer::train_bpe(corpus, bpe).value();
    // Whatever the corpus lacks: the speed depends on the size of the vocabulary, not on its words.
    while (vocabulary.tokens.size() < shape.vocabulary)
        vocabulary.tokens.push_back(fmt::format("{}", vocabulary.tokens.size()));
    training::Recipe recipe;
    recipe.name = "bench";
    recipe.from_scratch = true;
    recipe.architecture = shape;
    const std::string metadata = folder + "/metadata.gguf";
    if (!training::write_metadata_blocking(metadata, recipe, vocabulary)) return {};
    const auto gguf = training::read_metadata_blocking(metadata).value();
    const auto weights = gradients::Weights::random_blocking(shape, 1, device).value();
    std::string file = folder + "/model.gguf";
    return weights.write_model_blocking(file, GGML_TYPE_F32, *gguf) ? file : std::string();
}

// The same number of tokens, in rows as long as llama.cpp's context, which it rounds up.
ggml_opt_dataset_t make_dataset(const Options& given, const LlamaShape& shape, std::uint32_t context) {
    Options options = given;
    options.rows = std::max(1U, given.rows * given.row_tokens / context);
    options.row_tokens = context;
    ggml_opt_dataset_t dataset = ggml_opt_dataset_init(GGML_TYPE_I32, GGML_TYPE_I32, context, context, options.rows, 1);
    const auto rows = make_rows(options, shape.vocabulary, 1.0);
    auto* data = static_cast<std::int32_t*>(ggml_opt_dataset_data(dataset)->data);
    auto* labels = static_cast<std::int32_t*>(ggml_opt_dataset_labels(dataset)->data);
    for (const TokenRow& row : rows) {
        data = std::copy_n(row.tokens.begin(), context, data);
        labels = std::copy_n(row.tokens.begin() + 1, context, labels);
    }
    return dataset;
}

double peer_rate(const Options& options, const LlamaShape& shape, const Device& device, const std::string& folder) {
    const std::string file = write_model(folder, shape, device);
    if (file.empty()) return 0;
    llama_model_params model_parameters = llama_model_default_params();
    model_parameters.load_mode = LLAMA_LOAD_MODE_NONE;  // llama_opt writes to the weights
    const llama_model_ptr model(llama_model_load_from_file(file.c_str(), model_parameters));
    if (!model) return 0;
    llama_context_params parameters = llama_context_default_params();

    parameters.n_ctx = std::max(256U, options.row_tokens);  // llama.cpp rounds up to this
    parameters.n_batch = parameters.n_ctx;
    parameters.n_ubatch = parameters.n_ctx;
    parameters.n_threads = static_cast<std::int32_t>(options.threads);
    parameters.n_threads_batch = parameters.n_threads;
    parameters.type_k = GGML_TYPE_F32;
    parameters.type_v = GGML_TYPE_F32;
    parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    const llama_context_ptr context(llama_init_from_model(model.get(), parameters));
    llama_opt_params opt{};
    opt.param_filter = llama_opt_param_filter_all;
    opt.get_opt_pars = ggml_opt_get_default_optimizer_params;
    opt.optimizer_type = GGML_OPT_OPTIMIZER_TYPE_ADAMW;
    llama_opt_init(context.get(), model.get(), opt);
    ggml_opt_dataset_t dataset = make_dataset(options, shape, llama_n_ctx(context.get()));
    const std::int64_t rows = ggml_opt_dataset_ndata(dataset);
    std::vector<double> rates;
    const auto begun = SteadyClock::now();
    do {
        ggml_opt_result_t result = ggml_opt_result_init();
        const auto epoch = SteadyClock::now();
        llama_opt_epoch(context.get(), dataset, result, nullptr, rows, nullptr, nullptr);
        rates.push_back(static_cast<double>(rows) * llama_n_ctx(context.get()) / seconds_since(epoch));
        ggml_opt_result_free(result);
    } while (seconds_since(begun) < options.seconds);
    ggml_opt_dataset_free(dataset);
    return median(rates);
}

void print_rate(const char* name, double rate, double peer, double peak, const LlamaShape& shape) {
    const double part = rate * 6 * static_cast<double>(shape.parameters()) * 1e-9 / peak;
    std::printf("%-44s %8.0f tokens/s  %5.2f of the f32 peak", name, rate, part);
    if (peer > 0) std::printf("  %5.2f of the better llama_opt", rate / peer);
    std::printf("\n");
    std::fflush(stdout);
}

int run(const Options& given) {
    Options options = given;
    if (options.threads == 0) options.threads = gradients::processors();
    const auto device = gradients::find_device_blocking(false);
    if (!device) {
        std::fprintf(stderr, "error: %s\n", device.error().message.c_str());
        return 1;
    }
    LlamaShape shape;
    shape.layers = options.layers;
    shape.width = options.width;
    shape.heads = 8;
    shape.kv_heads = 8;
    shape.feed_forward = options.feed_forward;
    std::printf("%s, %u threads; %.2f million parameters, %u rows of %u tokens a step\n", device->name.c_str(),
                options.threads, static_cast<double>(shape.parameters()) * 1e-6, options.rows, options.row_tokens);
    const double peak = peak_of_machine(*device, options.threads);
    std::printf("%-44s %8.1f Gflop/s\n", "f32 matrix product, all threads, best", peak);
    const std::string folder =
        (std::filesystem::temp_directory_path() / fmt::format("forebay-bench-{}", ::getpid())).string();
    std::filesystem::create_directories(folder);
    // llama.cpp's threads wait for each other at every operation; on a small model one alone can be faster.
    double peer = 0;
    for (const std::uint32_t threads : {1U, options.threads}) {
        if (options.no_peer || (threads == 1 && options.threads == 1 && peer > 0)) break;
        Options one = options;
        one.threads = threads;
        const double rate = peer_rate(one, shape, *device, folder);
        print_rate(threads == 1 ? "llama_opt, 1 thread" : "llama_opt, all threads", rate, 0, peak, shape);
        peer = std::max(peer, rate);
    }
    std::filesystem::remove_all(folder);
    using gradients::Precision;
    print_rate("ours, f32, every token in the loss", our_rate(options, shape, *device, Precision::f32, 1.0), peer, peak,
               shape);
    print_rate("ours, f32, 40 % of the tokens in the loss", our_rate(options, shape, *device, Precision::f32, 0.4),
               peer, peak, shape);
    print_rate("ours, automatic, every token in the loss", our_rate(options, shape, *device, Precision::automatic, 1.0),
               peer, peak, shape);
    print_rate("ours, automatic, 40 % in the loss", our_rate(options, shape, *device, Precision::automatic, 0.4), peer,
               peak, shape);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Training speed beside llama.cpp's llama_opt, and as a part of the machine's matrix product."};
    app.footer("Example:\n  training_bench --seconds 20");
    app.add_option("--threads", options.threads, "0: one per processor")->capture_default_str();
    app.add_option("--layers", options.layers, "Of the model")->capture_default_str();
    app.add_option("--width", options.width, "Of the model")->capture_default_str();
    app.add_option("--feed-forward", options.feed_forward, "Of the model")->capture_default_str();
    app.add_option("--rows", options.rows, "A step")->capture_default_str();
    app.add_option("--row-tokens", options.row_tokens, "Of a row")->capture_default_str();
    app.add_option("--seconds", options.seconds, "For each line")->capture_default_str();
    app.add_flag("--no-peer", options.no_peer, "Leaves llama_opt out");
    CLI11_PARSE(app, argc, argv);
    return run(options);
}
