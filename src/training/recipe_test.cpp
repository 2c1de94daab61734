// The whole of recipe.h: what is accepted, what each mistake is told, and that the written form reads back as itself.
#include "training/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "training/recipe_schema.h"

namespace forebay::training {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* canary = "canary-7f3a";

config::Sources fake_sources() {
    return {.environment = [](const std::string& name) -> std::optional<std::string> {
                static const std::map<std::string, std::string> variables{
                    {"OPENAI_API_KEY", canary}, {"DATA", "/data"}, {"WORD", canary}};
                const auto found = variables.find(name);
                return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .read_file = [](const std::string& path) -> Result<std::string> {
                if (path == "/recipes/template.jinja") return "{% for m in messages %}\n  ${{ m }}\n{% endfor %}\n\n";
                if (path == "/recipes/bytes.jinja") return std::string("\xff\xfe");
                if (path == "/recipes/keys/openai") return std::string(canary) + "\n";
                return fail(Code::not_found, "No such file or directory");
            }};
}

ParsedRecipe parse_text(std::string_view text) { return parse_recipe(text, "/recipes/triage.yaml", fake_sources()); }

// The problems without the file's name: "3:5: unknown key …".
std::vector<std::string> problems_of(std::string_view text) {
    const auto parsed = parse_text(text);
    std::vector<std::string> out;
    if (parsed) return out;
    for (const auto& problem : parsed.error()) {
        EXPECT_EQ(problem.file, "/recipes/triage.yaml");
        out.push_back(config::to_string(problem).substr(problem.file.size() + 1));
    }
    return out;
}

constexpr std::string_view smallest = "name: triage\nbase: models/base.gguf\ndata: { train: train.jsonl }\n";

// The smallest recipe with more lines: the problems begin in line 4.
std::vector<std::string> problems_with(std::string_view more) {
    return problems_of(std::string(smallest) + std::string(more));
}

constexpr std::string_view from_nothing =
    "name: triage\nbase: from_scratch\ndata: { train: train.jsonl }\ncontext: 64\narchitecture: ";
std::vector<std::string> problems_with_architecture(std::string_view architecture) {
    return problems_of(std::string(from_nothing) + std::string(architecture) + "\n");
}

constexpr std::string_view every_key = R"(name: triage
base: from_scratch
architecture: { layers: 4, width: 192, heads: 6, kv_heads: 2, feed_forward: 512, vocabulary: 2048, context: 512,
                tied_embeddings: false, rope_base: 5e5, norm_epsilon: 1e-6 }
tokenizer: { corpus: [more.txt, ../other.txt] }
data: { train: "${env:DATA}/train.jsonl", evaluation_part: 0.05, format: chat }
chat_template: template.jinja
loss: all
method: full
epochs: 3
steps_max: 700
batch: 16
context: 512
learning_rate: { peak: 0.002, warm_up: 0.05, floor: 0, schedule: linear }
optimizer: { beta1: 0.8, beta2: 0.95, epsilon: 1e-7, weight_decay: 0.1, clip: 0 }
seed: 9223372036854775807
evaluate_every: 50
early_stop: 4
checkpoint_every: 25
checkpoints_kept: 3
threads: 2
output: { type: f16 }
score: { data: heldout.jsonl, rows: 500 }
driver: { kind: local }
)";

TEST(Recipe, EachKeyIsRead) {
    const auto parsed = parse_text(every_key);

    ASSERT_TRUE(parsed) << config::to_string(parsed.error());
    const Recipe& r = *parsed;
    EXPECT_EQ(r.name, "triage");
    EXPECT_TRUE(r.from_scratch);
    EXPECT_EQ(r.architecture.layers, 4u);
    EXPECT_EQ(r.architecture.width, 192u);
    EXPECT_EQ(r.architecture.kv_heads, 2u);
    EXPECT_FALSE(r.architecture.tied_embeddings);
    EXPECT_EQ(r.architecture.rope_base, 500'000);
    EXPECT_EQ(r.architecture.norm_epsilon, 1e-6);
    EXPECT_THAT(r.corpus, ElementsAre("/recipes/more.txt", "/other.txt"));
    EXPECT_EQ(r.data.train, "/data/train.jsonl");
    EXPECT_EQ(r.data.evaluation_part, 0.05);
    EXPECT_EQ(r.chat_template, "{% for m in messages %}\n  ${{ m }}\n{% endfor %}\n\n");
    EXPECT_EQ(r.loss, LossOn::all);
    EXPECT_EQ(r.epochs, 3u);
    EXPECT_EQ(r.steps_max, 700u);
    EXPECT_EQ(r.batch, 16u);
    EXPECT_EQ(r.context, 512u);
    EXPECT_EQ(r.learning_rate.peak, 0.002);
    EXPECT_EQ(r.learning_rate.schedule, Schedule::linear);
    EXPECT_EQ(r.adam.beta2, 0.95);
    EXPECT_EQ(r.adam.clip, 0);
    EXPECT_EQ(r.seed, 9223372036854775807ull);
    EXPECT_EQ(r.early_stop, 4u);
    EXPECT_EQ(r.checkpoints_kept, 3u);
    EXPECT_EQ(r.threads, 2u);
    EXPECT_EQ(r.output_type, "f16");
    EXPECT_EQ(r.score.data, "/recipes/heldout.jsonl");
    EXPECT_EQ(r.score.rows, 500u);
}

TEST(Recipe, TheSmallestOneHasTheDocumentedDefaults) {
    const auto parsed = parse_text(smallest);

    ASSERT_TRUE(parsed) << config::to_string(parsed.error());
    EXPECT_FALSE(parsed->from_scratch);
    EXPECT_EQ(parsed->base, "/recipes/models/base.gguf");
    EXPECT_EQ(parsed->data.train, "/recipes/train.jsonl");
    EXPECT_EQ(parsed->loss, LossOn::assistant);
    EXPECT_EQ(parsed->driver.kind, DriverKind::local);
    EXPECT_EQ(parsed->score.data, "");
}

TEST(Recipe, ABaseIsAFileOrAReferenceToTheRegistry) {
    const auto base_of = [](const std::string& written) {
        const auto parsed = parse_text("name: a\nbase: \"" + written + "\"\ndata: { train: t }\n");
        return parsed ? parsed->base : config::to_string(parsed.error());
    };

    EXPECT_EQ(base_of("base.gguf"), "/recipes/base.gguf");
    EXPECT_EQ(base_of("../models/base"), "/models/base");
    EXPECT_EQ(base_of("triage"), "triage");
    EXPECT_EQ(base_of("triage:12"), "triage:12");
    EXPECT_EQ(base_of("triage@production"), "triage@production");
    EXPECT_EQ(base_of("sha256:0123abcd"), "sha256:0123abcd");
    EXPECT_THAT(base_of("Triage"), HasSubstr("base must be 'from_scratch', a GGUF file"));
    EXPECT_THAT(base_of("triage:"), HasSubstr("not 'triage:'"));
    EXPECT_THAT(base_of("triage:latest"), HasSubstr("NAME@LABEL"));
    EXPECT_THAT(base_of("from-scratch"), HasSubstr("did you mean 'from_scratch'?"));
}

TEST(Recipe, EveryFaultIsReportedAtOnceWithItsPlace) {
    EXPECT_THAT(
        problems_of("nam: triage\n"
                    "base: models/base.gguf\n"
                    "data: { trian: train.jsonl, evaluation_part: 0.9 }\n"
                    "epochs: 0\n"
                    "learning_rate: { peak: fast, schedule: cosinus }\n"
                    "seed: '1'\n"),
        ElementsAre("1:1: the recipe needs 'name'", "1:1: unknown key 'nam'; did you mean 'name'?",
                    "3:7: data needs 'train'", "3:9: unknown key 'trian' in data; did you mean 'train'?",
                    "3:46: data.evaluation_part must be a number (0 to 0.5), not '0.9'",
                    "4:9: epochs must be a whole number from 1 to 100000, not '0'",
                    "5:24: learning_rate.peak must be a number (above 0, at most 10), not 'fast'",
                    "5:40: learning_rate.schedule must be one of cosine, linear, constant, not 'cosinus'; did you "
                    "mean 'cosine'?",
                    "6:7: seed must be a whole number from 0 to 9223372036854775807, not the text '1'"));
}

TEST(Recipe, NumbersAreFiniteAndWithinTheirRange) {
    const auto peak = [](const std::string& written) {
        return problems_with("learning_rate: { peak: " + written + " }\n");
    };

    EXPECT_THAT(peak("0.5"), IsEmpty());
    EXPECT_THAT(peak("1e-3"), IsEmpty());
    EXPECT_THAT(peak("10"), IsEmpty());
    for (const auto* wrong : {"0", "-1", "10.1", "nan", "inf", ".inf", "1e999", "0x1", "1.0.0", "'0.5'", "[1]"}) {
        EXPECT_THAT(peak(wrong), ElementsAre(HasSubstr("4:24: learning_rate.peak must be a number"))) << wrong;
    }
    EXPECT_THAT(peak("~"), ElementsAre(HasSubstr("4:18: learning_rate.peak must be a number")));
    EXPECT_THAT(problems_with("optimizer: { beta1: 1 }\n"),
                ElementsAre(HasSubstr("must be a number (0 to below 1), not '1'")));
}

TEST(Recipe, ANameIsCheckedBecauseItBecomesAFolderAndARegistryName) {
    const auto name = [](const std::string& written) {
        return problems_of("name: " + written + "\nbase: b.gguf\ndata: { train: t }\n");
    };

    EXPECT_THAT(name("a-b_c.9"), IsEmpty());
    for (const auto* wrong : {"../x", "Triage", ".hidden", "-x", "a b", "\"\"", "é", "a/b"}) {
        EXPECT_THAT(name(wrong), ElementsAre(StartsWith("1:7: name must"))) << wrong;
    }
    EXPECT_THAT(name(std::string(65, 'a')), ElementsAre(HasSubstr("1 to 64")));
}

TEST(Recipe, TheShapeOfTheModelMustFitTogether) {
    EXPECT_THAT(problems_with_architecture("{ width: 256, heads: 4, kv_heads: 2 }"), IsEmpty());
    EXPECT_THAT(problems_with_architecture("{ width: 256, heads: 3, kv_heads: 3 }"),
                ElementsAre("5:36: architecture.heads must divide width: 3 heads cannot share 256 evenly"));
    EXPECT_THAT(problems_with_architecture("{ width: 32, heads: 32, kv_heads: 32 }"),
                ElementsAre(HasSubstr("architecture.heads makes heads of 1 numbers")));
    EXPECT_THAT(problems_with_architecture("{ heads: 4, kv_heads: 3 }"),
                ElementsAre(HasSubstr("architecture.kv_heads must divide heads: 4 query heads")));
    EXPECT_THAT(
        problems_with_architecture("{ width: 48, heads: 4, feed_forward: 100 }"),
        ElementsAre(HasSubstr("architecture.width must be a multiple of 32 for 'output: { type: q8_0 }', not 48"),
                    HasSubstr("architecture.feed_forward must be a multiple of 32")));
    EXPECT_THAT(problems_with_architecture("{ width: 48, heads: 4, feed_forward: 100 }\noutput: { type: f16 }"),
                IsEmpty());
    EXPECT_THAT(
        problems_with_architecture("{ context: 32 }"),
        ElementsAre("4:10: context must be at most architecture.context (32), not 64: the model has no positions "
                    "beyond it"));
}

TEST(Recipe, TrainingFromNothingNeedsAnArchitectureAndNoAdapter) {
    EXPECT_THAT(problems_of("name: a\nbase: from_scratch\ndata: { train: t }\nmethod: lora\n"),
                ElementsAre(HasSubstr("2:7: base is from_scratch: that needs 'architecture'"),
                            HasSubstr("4:9: method must be full with 'base: from_scratch'")));
    EXPECT_THAT(problems_of("name: a\ndata: { train: t }\n"), ElementsAre(HasSubstr("1:1: the recipe needs 'base'")));
}

TEST(Recipe, AKeyWithoutEffectIsRefused) {
    EXPECT_THAT(problems_with("lora: { rank: 4 }\n"), ElementsAre(HasSubstr("4:7: lora has no effect here")));
    EXPECT_THAT(problems_with("architecture: { layers: 2 }\ntokenizer: { from: a.gguf }\n"),
                ElementsAre(HasSubstr("architecture has no effect here"), HasSubstr("tokenizer has no effect here")));
    EXPECT_THAT(problems_with("driver: { base_url: \"http://x\", command: [a] }\n"),
                ElementsAre(HasSubstr("driver.base_url has no effect here (it needs 'kind: openai')"),
                            HasSubstr("driver.command has no effect here (it needs 'kind: command')")));
    EXPECT_THAT(problems_of("name: a\nbase: b.gguf\ndata: { train: t, evaluation: e, evaluation_part: 0.1 }\n"),
                ElementsAre(HasSubstr("data.evaluation_part has no effect here")));
    EXPECT_THAT(problems_with_architecture("{}\ntokenizer: { from: a.gguf, corpus: [b] }"),
                ElementsAre(HasSubstr("tokenizer.corpus has no effect here")));
}

TEST(Recipe, LoraTargetsAreTheMatricesOfALayer) {
    const auto parsed =
        parse_text(std::string(smallest) + "method: lora\nlora: { rank: 4, targets: [ffn_up, attn_q] }\n");

    ASSERT_TRUE(parsed) << config::to_string(parsed.error());
    EXPECT_EQ(parsed->lora.rank, 4u);
    EXPECT_THAT(parsed->lora.targets, ElementsAre("ffn_up", "attn_q"));
    EXPECT_THAT(
        problems_with("method: lora\nlora: { targets: [attn_q, atn_k, attn_q] }\n"),
        ElementsAre(AllOf(HasSubstr("lora.targets[1] must be one of attn_q, attn_k, attn_v, attn_output, ffn_gate, "
                                    "ffn_up, ffn_down, not 'atn_k'"),
                          HasSubstr("did you mean 'attn_k'?")),
                    HasSubstr("lora.targets[2] is there twice")));
    EXPECT_THAT(problems_with("method: lora\nlora: { targets: [] }\n"),
                ElementsAre(HasSubstr("must have 1 to 7 entries")));
    EXPECT_THAT(problems_with("method: lora\nlora: { targets: attn_q }\n"), ElementsAre(HasSubstr("must be a list")));
}

TEST(Recipe, TextRowsPutTheLossOnAllTokens) {
    const std::string text = "name: a\nbase: b.gguf\ndata: { train: t, format: text }\n";

    ASSERT_TRUE(parse_text(text));
    EXPECT_EQ(parse_text(text)->loss, LossOn::all);
    EXPECT_THAT(problems_of(text + "loss: assistant\n"), ElementsAre(HasSubstr("4:7: loss must be all")));
    EXPECT_THAT(problems_of(text + "chat_template: template.jinja\n"),
                ElementsAre(HasSubstr("chat_template has no effect here")));
}

TEST(Recipe, EarlyStopNeedsEvaluationRows) {
    EXPECT_THAT(problems_of("name: a\nbase: b.gguf\ndata: { train: t, evaluation_part: 0 }\nearly_stop: 2\n"),
                ElementsAre(HasSubstr("4:13: early_stop needs evaluation rows")));
}

TEST(Recipe, ATemplateIsReadFromItsFileOrFromTheRecipe) {
    EXPECT_THAT(
        problems_with("chat_template: none.jinja\n"),
        ElementsAre("4:16: chat_template cannot be read from '/recipes/none.jinja': No such file or directory"));
    EXPECT_THAT(problems_with("chat_template: bytes.jinja\n"), ElementsAre(HasSubstr("is not text")));
    EXPECT_THAT(problems_with("chat_template: template.jinja\nchat_template_text: x\n"),
                ElementsAre(HasSubstr("chat_template_text has no effect here")));

    const auto parsed = parse_text(std::string(smallest) + "chat_template_text: |\n  {{ a }}\n    ${b}\n");

    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->chat_template, "{{ a }}\n  ${b}\n");
}

constexpr std::string_view hosted = R"(name: triage
data: { train: train.jsonl }
driver: { kind: openai, base_url: "https://api.openai.com/v1", model: gpt-4o-mini-2024-07-18,
          api_key: "${env:OPENAI_API_KEY}" }
)";

TEST(Recipe, AHostedRunKeepsTheKeyAsAReference) {
    const auto parsed = parse_text(hosted);

    ASSERT_TRUE(parsed) << config::to_string(parsed.error());
    EXPECT_EQ(parsed->driver.api_key.reveal(), canary);
    EXPECT_EQ(parsed->driver.api_key_reference, "${env:OPENAI_API_KEY}");
    EXPECT_THAT(to_yaml(*parsed), AllOf(HasSubstr("api_key: \"${env:OPENAI_API_KEY}\""), Not(HasSubstr(canary))));
}

TEST(Recipe, AKeyFileIsNamedFromTheRootSoThatTheRunFolderFindsIt) {
    const auto parsed = parse_text(
        "name: a\ndata: { train: t }\n"
        "driver: { kind: openai, base_url: \"http://x/v1\", model: m, api_key: \"${file:keys/openai}\" }\n");

    ASSERT_TRUE(parsed) << config::to_string(parsed.error());
    EXPECT_EQ(parsed->driver.api_key_reference, "${file:/recipes/keys/openai}");
    EXPECT_EQ(parsed->driver.api_key.reveal(), canary);
}

TEST(Recipe, ALiteralKeyIsRefusedAndNotRepeated) {
    for (const auto* key : {"sk-canary-7f3a", "Bearer ${env:WORD}", "${env:WORD}${env:WORD}", "$${env:canary-7f3a}"}) {
        const auto problems = problems_of(
            "name: a\ndata: { train: t }\ndriver: { kind: openai, base_url: \"http://x/v1\", "
            "model: m, api_key: \"" +
            std::string(key) + "\" }\n");

        EXPECT_THAT(problems,
                    ElementsAre(AllOf(HasSubstr("driver.api_key must be a reference alone"), Not(HasSubstr("canary")))))
            << key;
    }
}

TEST(Recipe, ADriverNeedsItsOwnKeys) {
    EXPECT_THAT(problems_with("driver: { kind: openai }\n"),
                ElementsAre(HasSubstr("driver needs 'base_url'"), HasSubstr("driver needs 'model'")));
    EXPECT_THAT(problems_with("driver: { kind: command }\n"), ElementsAre(HasSubstr("driver needs 'command'")));
    EXPECT_THAT(problems_with_architecture("{}\ndriver: { kind: openai, base_url: \"http://x/v1\", model: m }"),
                ElementsAre(HasSubstr("2:7: base cannot be from_scratch with 'driver.kind: openai'")));
    EXPECT_THAT(problems_of("name: a\ndata: { train: t, format: text }\n"
                            "driver: { kind: openai, base_url: \"http://x/v1\", model: m }\n"),
                ElementsAre(HasSubstr("data.format must be chat")));
}

TEST(Recipe, ACommandKeepsItsWordsAndFindsFilesBesideTheRecipe) {
    const auto parsed = parse_text(std::string(smallest) +
                                   "driver: { kind: command, command: [python3, ./train.py, \"\", \"$${x}\"] }\n");

    ASSERT_TRUE(parsed) << config::to_string(parsed.error());
    EXPECT_THAT(parsed->driver.command, ElementsAre("python3", "/recipes/train.py", "", "${x}"));
    EXPECT_THAT(problems_with("driver: { kind: command, command: [a, \"${env:WORD}\"] }\n"),
                ElementsAre(AllOf(HasSubstr("driver.command[1] must not hold a reference"), Not(HasSubstr(canary)))));
}

TEST(Recipe, NothingFromAReferenceIsRepeatedInAMessage) {
    EXPECT_THAT(
        problems_with("learning_rate: { peak: \"${env:WORD}\" }\nmethod: \"${env:WORD}\"\nepochs: \"${env:WORD}\"\n"),
        testing::Each(Not(HasSubstr(canary))));
    EXPECT_THAT(problems_of("name: \"${env:WORD}/\"\nbase: \"${env:WORD}:x\"\ndata: { train: t }\n"
                            "chat_template: \"${env:WORD}\"\n"),
                AllOf(testing::SizeIs(3), testing::Each(Not(HasSubstr(canary)))));
}

TEST(Recipe, AFileThatIsNoMappingIsRefused) {
    EXPECT_THAT(problems_of(""), ElementsAre(HasSubstr("1:1: the recipe is empty")));
    EXPECT_THAT(problems_of("- a\n"), ElementsAre(HasSubstr("1:1: the recipe must be a mapping")));
    EXPECT_THAT(problems_of("data: train.jsonl\n"), Contains(HasSubstr("data must be a mapping")));
    const auto missing = load_recipe_blocking("/nowhere.yaml", fake_sources());
    ASSERT_FALSE(missing);
    EXPECT_EQ(config::to_string(missing.error()), "/nowhere.yaml: cannot be read: No such file or directory");
}

TEST(Recipe, TheWrittenFormReadsBackFromAnotherFolder) {
    for (const auto text : {every_key, smallest, hosted}) {
        const auto first = parse_text(text);
        ASSERT_TRUE(first) << config::to_string(first.error());
        const auto yaml = to_yaml(*first);

        const auto again = parse_recipe(yaml, "/elsewhere/recipe.yaml", fake_sources());

        ASSERT_TRUE(again) << config::to_string(again.error()) << "\n" << yaml;
        EXPECT_EQ(to_yaml(*again), yaml);
        EXPECT_EQ(again->chat_template, first->chat_template);
    }
}

// Draws recipes from the schema: every number and choice within its limits, texts with whatever may be in them.
class RecipeDrawer {
public:
    explicit RecipeDrawer(std::uint64_t seed) : random_(seed) {}

    static bool when(bool) { return true; }
    template <class T>
    void integer(std::string_view, T& out, Whole range) {
        out = static_cast<T>(std::uniform_int_distribution<std::int64_t>(range.least, range.most)(random_));
    }
    void number(std::string_view, double& out, Range range) {
        const double part = std::uniform_real_distribution<double>(0.001, 0.999)(random_);
        out = range.least + (range.most - range.least) * part;
    }
    void boolean(std::string_view, bool& out) { out = one_of(2) == 0; }
    void text(std::string_view, std::string& out) { out = draw_text(); }
    void url(std::string_view, std::string& out) { out = "https://host.test/v" + std::to_string(one_of(100)); }
    void path(std::string_view, std::string& out, Need need) {
        out = need == Need::required || one_of(2) == 0 ? "/" + draw_text() : "";
    }
    template <class T>
    void choice(std::string_view, T& out, const std::vector<Choice<T>>& choices) {
        out = choices[one_of(choices.size())].value;
    }
    template <class Visit>
    void section(std::string_view, Visit visit) {
        visit(*this);
    }
    void name(std::string_view, std::string& out) { out = "n" + std::to_string(one_of(1000)); }
    void base(std::string_view, bool& from_scratch, std::string& out) {
        from_scratch = one_of(2) == 0;
        if (!from_scratch) out = one_of(2) == 0 ? "/" + draw_text() : "triage@production";
    }
    void paths(std::string_view, std::vector<std::string>& out) {
        out.assign(one_of(4), "");
        for (auto& item : out) item = "/" + draw_text();
    }
    void targets(std::string_view, std::vector<std::string>& out) {
        out.assign(lora_targets.begin(), lora_targets.begin() + 1 + static_cast<std::ptrdiff_t>(one_of(6)));
    }
    void words(std::string_view, std::vector<std::string>& out) {
        out.assign(1 + one_of(4), "");
        for (auto& item : out) item = "-" + draw_text();
    }
    void template_file(std::string_view, std::string&) {}
    void template_text(std::string_view, std::string& out) {
        static const std::vector<std::string> pieces{"\n", "  ", "\t", "{{ a }}", "'",   "\"",   ":",      "#", "- ",
                                                     "\r", "é",  "|",  "...",     "---", "${x}", "\u2028", "\\"};
        out.clear();
        for (auto count = one_of(12); count > 0; --count) out += pieces[one_of(pieces.size())];
    }
    void secret(std::string_view, config::Secret&, std::string& reference) {
        reference = one_of(2) == 0 ? "" : "${env:OPENAI_API_KEY}";
    }

private:
    std::size_t one_of(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    std::string draw_text() {
        static const std::vector<std::string> pieces{"a", "B",  " ", "'", "\"", "\\", "${", "}", "$", ":", "#",
                                                     "é", "日", ",", "]", "{",  "&",  "*",  "!", "%", "@"};
        std::string out = "x";
        for (auto count = one_of(12); count > 0; --count) out += pieces[one_of(pieces.size())];
        return out;
    }
    std::mt19937_64 random_;
};

// Makes what was drawn obey the rules between keys.
void reconcile(Recipe& r) {
    r.architecture.heads = 1u << (r.architecture.heads % 4);
    r.architecture.kv_heads = 1;
    r.architecture.width = 64 * (1 + r.architecture.width % 64);
    r.architecture.feed_forward = 32 * (1 + r.architecture.feed_forward % 64);
    r.context = std::min(r.context, r.architecture.context);
    if (r.driver.kind == DriverKind::openai) r.from_scratch = false;
    if (r.from_scratch) r.method = Method::full;
    if (!r.from_scratch && r.base.empty()) r.base = "triage:3";
    if (!r.from_scratch || !r.tokenizer.empty()) r.corpus.clear();
    if (!r.from_scratch) r.tokenizer.clear();
    if (r.driver.kind == DriverKind::openai) r.data.format = Format::chat;
    if (r.data.format == Format::text) {
        r.loss = LossOn::all;
        r.chat_template.clear();
    }
}

TEST(RecipeProperty, WhatIsWrittenReadsBackAsTheSame) {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        Recipe recipe;
        RecipeDrawer drawer(seed);
        visit_recipe(drawer, recipe);
        reconcile(recipe);
        const auto yaml = to_yaml(recipe);

        const auto again = parse_recipe(yaml, "/elsewhere/recipe.yaml", fake_sources());

        ASSERT_TRUE(again) << "seed " << seed << "\n" << config::to_string(again.error()) << "\n" << yaml;
        ASSERT_EQ(to_yaml(*again), yaml) << "seed " << seed;
        ASSERT_EQ(again->chat_template, recipe.chat_template) << "seed " << seed;
        ASSERT_EQ(again->data.train, recipe.data.train) << "seed " << seed;
    }
}

}  // namespace
}  // namespace forebay::training
