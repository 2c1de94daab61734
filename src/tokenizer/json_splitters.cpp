#include "tokenizer/json_splitters.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace forebay::tokenizer {
namespace {

namespace dom = simdjson::dom;

// A pre_tokenizer's steps, each as the pattern that it cuts by, to the splitter that does them all. What a contraction
// looks like under (?i) is taken for ASCII only, as in llama.cpp.
struct KnownSteps {
    std::string_view splitter;
    std::vector<std::string_view> steps;
};

constexpr std::string_view gpt2_words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view digit = R"(\p{N})";
constexpr std::string_view digits = R"(\p{N}+)";
constexpr std::string_view marks = R"(\p{punctuation}+)";
constexpr std::string_view bloom_words = R"( ?[^(\s|[.,!?…。，、।۔،])]+)";

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define WORDS R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define MARKS R"( ?[^\s\p{L}\p{N}]+[\r\n]*)"
#define SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CASED(suffix) \
    R"([^\r\n\p{L}\p{N}]?)" UPPER "*" LOWER "+" suffix R"(|[^\r\n\p{L}\p{N}]?)" UPPER "+" LOWER "*" suffix

const std::vector<KnownSteps>& known_steps() {
    static const std::vector<KnownSteps> known = {
        {"gpt-2", {gpt2_words}},
        {"starcoder", {digit, gpt2_words}},
        {"falcon", {marks, gpt2_words, digits, "[0-9][0-9][0-9]"}},
        {"bloom", {bloom_words}},
        {"viking", {bloom_words, digit}},
        {"llama-bpe", {CONTRACTIONS "|" WORDS R"(|\p{N}{1,3}|)" MARKS "|" SPACES}},
        {"qwen2", {CONTRACTIONS "|" WORDS R"(|\p{N}|)" MARKS "|" SPACES}},
        {"qwen35", {CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)" SPACES}},
        {"seed-coder", {CONTRACTIONS "|" WORDS R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|)" SPACES}},
        {"bailingmoe",
         {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*)"
          R"(|\s*[\r\n]|\s+(?!\S)|\s+)"}},
        {"cl100k_base",
         {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+)"
          R"(|\s++$|\s*[\r\n]|\s+(?!\S)|\s)"}},
        {"o200k_base", {CASED(CONTRACTIONS "?") R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" SPACES}},
        {"tekken", {CASED("") R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|)" SPACES}},
        {"deepseek-coder", {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-퟿]+", digit}},
        {"deepseek-v3",
         {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+",
          R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
          R"(| ?[\p{P}\p{S}]+[\r\n]*|)" SPACES}},
    };
    return known;
}

// Patterns are compared with their line ends written as escapes.
std::string escaped(std::string_view pattern) {
    std::string out;
    for (const char c : pattern) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += c;
        }
    }
    return out;
}

class StepReader {
public:
    StepReader(bool spaces_are_marks, std::string_view file) : spaces_are_marks_(spaces_are_marks), file_(file) {}

    Result<JsonSplitting> read(dom::element pre_tokenizer) {
        if (!pre_tokenizer.is_null()) FOREBAY_TRY_VOID(add(pre_tokenizer, 0));
        if (steps_.empty()) return JsonSplitting{"", byte_level_};
        const auto found = std::ranges::find_if(
            known_steps(), [this](const KnownSteps& known) { return std::ranges::equal(known.steps, steps_); });
        if (found == known_steps().end()) {
            return fail(Code::unavailable, "tokenizer file '{}' cuts text by a pattern that is not built in: {}", file_,
                        fmt::join(steps_, ", then "));
        }
        return JsonSplitting{std::string(found->splitter), byte_level_};
    }

private:
    std::unexpected<Error> unsupported(std::string_view what) const {
        return fail(Code::unavailable, "tokenizer file '{}': {} is not built in", file_, what);
    }

    static bool flag(dom::element step, std::string_view key, bool otherwise) {
        const auto value = step[key].get_bool();
        return value.error() ? otherwise : value.value_unsafe();
    }

    Result<void> add(dom::element step, int depth) {
        std::string_view type;
        if (depth > 4 || step["type"].get(type)) {
            return fail(Code::invalid_argument, "tokenizer file '{}': a pre_tokenizer without a type", file_);
        }
        if (type == "Sequence") {
            dom::array steps;
            if (step["pretokenizers"].get(steps)) {
                return fail(Code::invalid_argument, "tokenizer file '{}': a sequence of pre_tokenizers without any",
                            file_);
            }
            for (const dom::element each : steps) FOREBAY_TRY_VOID(add(each, depth + 1));
            return {};
        }
        if (type == "ByteLevel") return add_byte_level(step);
        if (type == "Split") return add_split(step);
        if (type == "Digits") {
            steps_.emplace_back(flag(step, "individual_digits", false) ? digit : digits);
            return {};
        }
        std::string_view behavior;
        if (type == "Punctuation" && !step["behavior"].get(behavior) && behavior == "Contiguous") {
            steps_.emplace_back(marks);
            return {};
        }
        if (type == "Metaspace") return add_metaspace(step);
        return unsupported(fmt::format("its pre_tokenizer '{}'", type));
    }

    Result<void> add_byte_level(dom::element step) {
        if (flag(step, "add_prefix_space", true)) return unsupported("a ByteLevel pre_tokenizer with add_prefix_space");
        byte_level_ = true;
        if (flag(step, "use_regex", true)) steps_.emplace_back(gpt2_words);
        return {};
    }

    Result<void> add_split(dom::element step) {
        std::string_view pattern, behavior;
        if (step["behavior"].get(behavior)) behavior = "";
        if (!step["pattern"]["String"].get(pattern)) {
            // There are none left.
            if (pattern == " " && spaces_are_marks_) return {};
            return unsupported(fmt::format("cutting text at '{}'", escaped(pattern)));
        }
        if (step["pattern"]["Regex"].get(pattern)) {
            return fail(Code::invalid_argument, "tokenizer file '{}': a Split pre_tokenizer without a pattern", file_);
        }
        // Each pattern covers all of a text, or keeps what lies between: what is removed is nothing.
        const bool invert = flag(step, "invert", false);
        const bool isolates = (behavior == "Isolated" && !invert) || (behavior == "Removed" && invert);
        if (!isolates) return unsupported(fmt::format("a Split pre_tokenizer with the behavior '{}'", behavior));
        steps_.push_back(escaped(pattern));
        return {};
    }

    Result<void> add_metaspace(dom::element step) const {
        std::string_view scheme;
        if (step["prepend_scheme"].get(scheme)) scheme = flag(step, "add_prefix_space", true) ? "always" : "never";
        if (scheme == "never" && !flag(step, "split", true) && spaces_are_marks_) return {};
        return unsupported("its pre_tokenizer 'Metaspace'");
    }

    bool spaces_are_marks_;
    std::string_view file_;
    std::vector<std::string> steps_;
    bool byte_level_ = false;
};

}  // namespace

Result<JsonSplitting> read_json_splitting(dom::element pre_tokenizer, bool spaces_are_marks, std::string_view file) {
    return StepReader(spaces_are_marks, file).read(pre_tokenizer);
}

}  // namespace forebay::tokenizer
