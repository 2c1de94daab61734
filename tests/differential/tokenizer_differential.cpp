// Ours beside other tokenizers, on real text, hard text, every code point and random mutations. --help says how.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "comparison.h"
#include "hard_texts.h"
#include "tokenizer/built_in.h"
#include "tokenizer/open_tokenizer.h"

namespace {

using namespace forebay;
using namespace forebay::differential;
using tokenizer::EncodeOptions;
using tokenizer::Specials;
using Clock = std::chrono::steady_clock;

struct Options {
    std::string peer = "llama";
    std::vector<std::string> vocabularies;
    std::string file;
    std::string corpus;
    double seconds = 0;
    std::uint64_t seed = 1;
    bool all_code_points = false;
    std::size_t hard_texts = 400;
};

constexpr std::array all_options = {EncodeOptions{Specials::as_text, false}, EncodeOptions{Specials::as_tokens, false},
                                    EncodeOptions{Specials::as_text, true}, EncodeOptions{Specials::as_tokens, true}};

// Says where it is, at most every five seconds.
class Progress {
public:
    void say(std::string_view what) {
        if (Clock::now() < next_) return;
        next_ = Clock::now() + std::chrono::seconds(5);
        fmt::print(stderr, "{}\n", what);
    }

private:
    Clock::time_point next_ = Clock::now() + std::chrono::seconds(5);
};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// The texts below a folder, in the order of their names.
std::vector<std::filesystem::path> texts_below(const std::string& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const std::string kind = entry.path().extension().string();
        if (kind == ".txt" || kind == ".md" || kind == ".cpp" || kind == ".h") paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
}

std::vector<std::string> vocabularies_of(const Options& options) {
    if (!options.vocabularies.empty()) return options.vocabularies;
    if (options.peer == "tiktoken") return {"r50k_base", "p50k_base", "cl100k_base", "o200k_base", "o200k_harmony"};
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(FOREBAY_LLAMA_MODELS_FOLDER)) {
        if (entry.path().extension() == ".gguf") names.push_back(entry.path().stem().string());
    }
    std::ranges::sort(names);
    return names;
}

Result<Comparison> open_blocking(const Options& options, const std::string& name) {
    if (options.peer == "tiktoken") {
        FOREBAY_TRY(tokenizer::TokenizerPtr ours, options.file.empty()
                                                      ? tokenizer::built_in_tokenizer(name)
                                                      : tokenizer::open_tokenizer_blocking(options.file));
        FOREBAY_TRY(std::unique_ptr<Peer> peer, open_tiktoken_blocking(name));
        return Comparison(name, std::move(ours), std::move(peer));
    }
    const std::string file = fmt::format("{}/{}.gguf", FOREBAY_LLAMA_MODELS_FOLDER, name);
    FOREBAY_TRY(tokenizer::TokenizerPtr ours, tokenizer::open_tokenizer_blocking(file));
    FOREBAY_TRY(std::unique_ptr<Peer> peer, open_llama_blocking(file));
    return Comparison(name, std::move(ours), std::move(peer));
}

// The .inp and .out files beside llama.cpp's vocabularies.
void compare_examples(Comparison& comparison) {
    const std::string file = fmt::format("{}/{}.gguf", FOREBAY_LLAMA_MODELS_FOLDER, comparison.name());
    if (!std::filesystem::exists(file + ".inp")) return;
    const std::string inputs = read_file(file + ".inp");
    std::istringstream outputs(read_file(file + ".out"));
    constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
    std::string line;
    for (std::size_t at = 0; at < inputs.size() && std::getline(outputs, line);) {
        const std::size_t end = std::min(inputs.find(separator, at), inputs.size());
        std::istringstream ids(line);
        comparison.expect(inputs.substr(at, end - at), {std::istream_iterator<TokenId>(ids), {}});
        at = end + separator.size();
    }
}

Result<void> compare_hard_texts(Comparison& comparison, const Options& options, Random& random) {
    for (const EncodeOptions each : all_options) {
        if (each.add_begin_end && !comparison.adds_begin_end()) continue;
        std::vector<std::string> texts = {""};
        while (texts.size() < options.hard_texts) texts.push_back(hard_text(random, 24, comparison.specials()));
        FOREBAY_TRY_VOID(comparison.compare(texts, each));
        for (const std::string& text : texts) {
            comparison.check_alone(text, hard_text(random, 3, comparison.specials()), each);
            comparison.check_alone(random_bytes(random, 80), "\x80", each);
        }
        // Long enough that what was counted of a text that grows is settled.
        for (int round = 0; round < 8; ++round) {
            std::string text;
            while (text.size() < 9000) text += hard_text(random, 24, comparison.specials());
            comparison.check_alone(text, hard_text(random, 24, comparison.specials()), each);
        }
    }
    return {};
}

Result<void> compare_lattice(Comparison& comparison) {
    std::vector<std::string> texts;
    for (std::size_t length = 1; length <= 4; ++length) {
        for (std::size_t index = 0; index < lattice_size(length); ++index) texts.push_back(lattice_text(length, index));
    }
    FOREBAY_TRY_VOID(comparison.compare(texts, {}));
    texts.resize(texts.size() / 10);  // of up to three parts
    for (const std::string& text : texts) comparison.check_alone(text, "\n", {});
    return {};
}

Result<void> compare_sample(Comparison& comparison, const Options& options, std::size_t index) {
    Random random(options.seed + index);
    compare_examples(comparison);
    FOREBAY_TRY_VOID(compare_hard_texts(comparison, options, random));
    FOREBAY_TRY_VOID(compare_lattice(comparison));
    const std::size_t step = options.all_code_points ? 0 : options.peer == "llama" ? 16 : 1;
    return comparison.compare(code_point_texts(step, 64), {});
}

// Documents of many sizes, so that cuts fall in many places.
Result<void> compare_corpus(Comparison& comparison, const Options& options, Progress& progress) {
    Random random(options.seed);
    for (const std::filesystem::path& path : texts_below(options.corpus)) {
        const std::string text = read_file(path);
        std::vector<std::string> batch;
        std::size_t batch_bytes = 0;
        const std::string_view all = text;
        for (std::size_t at = 0; at < all.size();) {
            batch.emplace_back(documents_of(all.substr(at, 20'000), 200 + below(random, 8000)).front());
            at += batch.back().size();
            batch_bytes += batch.back().size();
            if (batch_bytes < 500'000 && at < all.size()) continue;
            FOREBAY_TRY_VOID(comparison.compare(batch, {}));
            comparison.check_alone(batch.front(), batch.back(), {});
            batch.clear();
            batch_bytes = 0;
            progress.say(fmt::format("{}: {:.1f} MB, {} differences", comparison.name(),
                                     static_cast<double>(comparison.totals().bytes) / 1e6,
                                     comparison.totals().findings));
        }
    }
    return {};
}

std::string corpus_of(const Options& options) {
    std::string text;
    if (options.corpus.empty()) return text;
    for (const std::filesystem::path& path : texts_below(options.corpus)) text += read_file(path);
    return text;
}

// A piece of the corpus, mutated, or hard parts alone where there is none.
std::string fuzz_text(Random& random, std::string_view corpus, const std::vector<std::string>& specials) {
    if (corpus.empty() || below(random, 3) == 0) return hard_text(random, 40, specials);
    return mutated(random, some_part(random, corpus, 600), specials);
}

Result<void> fuzz(std::vector<Comparison>& comparisons, const Options& options, Progress& progress) {
    const std::string corpus = corpus_of(options);
    Random random(options.seed);
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
    std::size_t batches = 0;
    while (Clock::now() < end) {
        Comparison& comparison = comparisons[batches++ % comparisons.size()];
        EncodeOptions each = all_options[below(random, all_options.size())];
        each.add_begin_end = each.add_begin_end && comparison.adds_begin_end();
        std::vector<std::string> texts;
        while (texts.size() < 100) texts.push_back(fuzz_text(random, corpus, comparison.specials()));
        FOREBAY_TRY_VOID(comparison.compare(texts, each));
        for (std::size_t i = 0; i < texts.size(); i += 4) {
            comparison.check_alone(texts[i], texts[i + 1], each);
            comparison.check_alone(random_bytes(random, 200), texts[i + 2], each);
        }
        std::size_t texts_done = 0, found = 0;
        for (const Comparison& one : comparisons) texts_done += one.totals().texts, found += one.totals().findings;
        progress.say(fmt::format("{} texts, {} differences", texts_done, found));
    }
    return {};
}

std::size_t print(const Comparison& comparison) {
    const Totals& totals = comparison.totals();
    fmt::print("{:<28} {:>9} texts {:>8.2f} MB {:>10} tokens {:>4} left out {:>6} differences\n", comparison.name(),
               totals.texts, static_cast<double>(totals.bytes) / 1e6, totals.tokens, totals.peer_failures,
               totals.findings);
    for (const Finding& finding : comparison.findings()) {
        fmt::print("  {}: {}\n", finding.what, shown(finding.text));
        if (!finding.detail.empty()) fmt::print("    {}\n", finding.detail);
    }
    std::fflush(stdout);
    return totals.findings;
}

// All vocabularies one after the other, or together when fuzzing. The number of differences.
Result<std::size_t> run_blocking(const Options& options) {
    Progress progress;
    std::vector<Comparison> comparisons;
    std::size_t differences = 0;
    std::size_t index = 0;
    for (const std::string& name : vocabularies_of(options)) {
        auto comparison = open_blocking(options, name);
        if (!comparison && comparison.error().code == Code::unavailable) {
            fmt::print("{:<28} {}\n", name, comparison.error().message);
            continue;
        }
        if (!comparison) return std::unexpected(std::move(comparison).error());
        if (options.seconds > 0) {
            comparisons.push_back(*std::move(comparison));
            continue;
        }
        FOREBAY_TRY_VOID(options.corpus.empty() ? compare_sample(*comparison, options, index++)
                                                : compare_corpus(*comparison, options, progress));
        differences += print(*comparison);
    }
    if (options.seconds > 0) FOREBAY_TRY_VOID(fuzz(comparisons, options, progress));
    for (const Comparison& comparison : comparisons) differences += print(comparison);
    return differences;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Compares the ids of our tokenizers with those of llama.cpp or of the npm package tiktoken.",
                 "tokenizer_differential"};
    app.footer(
        "Examples:\n  tokenizer_differential --peer tiktoken\n"
        "  tokenizer_differential --corpus \"$(node bench/tokenizer/corpus.mjs --folder)\"\n"
        "  tokenizer_differential --corpus FOLDER --seconds 3600 --vocabulary ggml-vocab-qwen2");
    app.add_option("--peer", options.peer, "llama or tiktoken")
        ->check(CLI::IsMember({"llama", "tiktoken"}))
        ->capture_default_str();
    app.add_option("--vocabulary", options.vocabularies, "Only this one; may be given again");
    app.add_option("--file", options.file, "Beside tiktoken: our tokenizer from this file, such as a tokenizer.json")
        ->check(CLI::ExistingFile);
    app.add_option("--corpus", options.corpus,
                   "Compare all .txt, .md, .cpp and .h files below this folder; with --seconds, mutate them")
        ->check(CLI::ExistingDirectory);
    app.add_option("--seconds", options.seconds, "Fuzz for so long")->capture_default_str();
    app.add_option("--seed", options.seed, "For all that is random")->capture_default_str();
    app.add_option("--hard-texts", options.hard_texts, "How many of each kind in a sample")->capture_default_str();
    app.add_flag("--all-code-points", options.all_code_points, "In a sample: each and every one");
    CLI11_PARSE(app, argc, argv);

    const auto differences = run_blocking(options);
    if (!differences) {
        fmt::print(stderr, "error: {}\n", differences.error().message);
        return 2;
    }
    fmt::print("{} differences\n", *differences);
    return *differences == 0 ? 0 : 1;
}
