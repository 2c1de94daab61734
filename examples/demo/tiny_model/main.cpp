// forebay-tiny-model: writes a toy GGUF. README.md.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <optional>

#include "gguf_file.h"
#include "story.h"
#include "story_text.h"
#include "vocabulary.h"
#include "weights.h"

namespace {

using namespace forebay;
using namespace forebay::tiny;

constexpr const char* usage =
    "forebay-tiny-model --output FILE [--kind story|random] [--seed N]\n"
    "\n"
    "Writes a toy language model (GGUF, llama architecture, about 2 MB) that shows the plumbing: loading,\n"
    "chat template, batching, streaming, stopping. It knows nothing.\n"
    "\n"
    "  --kind story   computed from word pairs of a short text: answers with sentences about a river (default)\n"
    "  --kind random  random weights with real attention, for tests of the KV cache; --seed N picks them\n"
    "  --output FILE  where to write\n"
    "  --help         this text\n";

struct Options {
    std::string output;
    std::string kind = "story";
    std::uint64_t seed = 1;
    bool help = false;
};

Result<Options> parse_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--help" || name == "-h") {
            options.help = true;
            return options;
        }
        if (name != "--output" && name != "--kind" && name != "--seed") {
            return fail(Code::invalid_argument, "unknown option '{}'", name);
        }
        if (i + 1 == argc) return fail(Code::invalid_argument, "{} needs a value", name);
        const std::string_view value = argv[++i];
        if (name == "--output") options.output = value;
        if (name == "--kind") options.kind = value;
        if (name == "--seed") {
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.seed);
            if (error != std::errc{} || end != value.data() + value.size()) {
                return fail(Code::invalid_argument, "--seed must be a whole number, not '{}'", value);
            }
        }
    }
    if (options.output.empty()) return fail(Code::invalid_argument, "--output is missing");
    if (options.kind != "story" && options.kind != "random") {
        return fail(Code::invalid_argument, "--kind must be story or random, not '{}'", options.kind);
    }
    return options;
}

Result<void> write_model(const Options& options) {
    const std::vector<Sentence> sentences = read_sentences(story_text);
    const Vocabulary vocabulary = make_vocabulary(sentences);
    const Weights weights = options.kind == "story" ? make_story_weights(vocabulary, sentences)
                                                    : make_random_weights(vocabulary, options.seed);
    return write_gguf(options.output, "forebay tiny " + options.kind, vocabulary, weights);
}

}  // namespace

int main(int argc, char** argv) {
    const Result<Options> options = parse_options(argc, argv);
    if (!options) {
        fmt::print(stderr, "forebay-tiny-model: {}\n\n{}", options.error().message, usage);
        return 2;
    }
    if (options->help) {
        fmt::print("{}", usage);
        return 0;
    }
    if (const Result<void> written = write_model(*options); !written) {
        fmt::print(stderr, "forebay-tiny-model: {}\n", written.error().message);
        return 1;
    }
    return 0;
}
