// The recipe's schema: each key of each section, once. The reader, its suggestions, the writer and the test of
// docs/guide/training.md all walk this table, so that they cannot disagree.
//
// A visitor has one method per type of value; it gets the key, the field and the limits. when(condition) is true for
// whoever looks at all keys; the writer answers `condition`, so that it leaves out what has no effect.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "training/recipe.h"

namespace forebay::training {

template <class T>
struct Choice {
    std::string_view word;
    T value;
};

inline const std::vector<Choice<Format>> formats{{"chat", Format::chat}, {"text", Format::text}};
inline const std::vector<Choice<LossOn>> losses{{"assistant", LossOn::assistant}, {"all", LossOn::all}};
inline const std::vector<Choice<Method>> methods{{"full", Method::full}, {"lora", Method::lora}};
inline const std::vector<Choice<Schedule>> schedules{
    {"cosine", Schedule::cosine}, {"linear", Schedule::linear}, {"constant", Schedule::constant}};
inline const std::vector<Choice<DriverKind>> driver_kinds{
    {"local", DriverKind::local}, {"openai", DriverKind::openai}, {"command", DriverKind::command}};
inline const std::vector<Choice<std::string>> output_types{{"f32", "f32"}, {"f16", "f16"}, {"q8_0", "q8_0"}};
inline const std::vector<std::string> lora_targets{"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                   "ffn_gate", "ffn_up", "ffn_down"};
inline constexpr std::string_view from_scratch_word = "from_scratch";

// Of a whole number, both ends included.
struct Whole {
    std::int64_t least;
    std::int64_t most;
};
// Of a number. An open end is not included.
struct Range {
    double least;
    double most;
    bool least_open = false;
    bool most_open = false;
};
// "1 to 512"; "0 to 0.5", "above 0, at most 10", "0 to below 1". What messages and the guide say.
std::string describe(const Whole& range);
std::string describe(const Range& range);

enum class Need { optional, required };

// Of lists: entries, and bytes of each.
inline constexpr std::size_t corpus_files_max = 32;
inline constexpr std::size_t command_words_max = 64;
inline constexpr std::size_t word_bytes_max = 4096;
inline constexpr std::size_t template_bytes_max = 128 * 1024;

inline constexpr std::int64_t most_uint32 = std::numeric_limits<std::uint32_t>::max();

template <class V>
void visit_architecture(V& v, Architecture& a) {
    v.integer("layers", a.layers, Whole{1, 512});
    v.integer("width", a.width, Whole{2, 65'536});
    v.integer("heads", a.heads, Whole{1, 1024});
    v.integer("kv_heads", a.kv_heads, Whole{1, 1024});
    v.integer("feed_forward", a.feed_forward, Whole{1, 1'048'576});
    v.integer("vocabulary", a.vocabulary, Whole{260, 1'048'576});
    v.integer("context", a.context, Whole{8, 1'048'576});
    v.boolean("tied_embeddings", a.tied_embeddings);
    v.number("rope_base", a.rope_base, Range{1, 1e9});
    v.number("norm_epsilon", a.norm_epsilon, Range{0, 0.1, true});
}

template <class V>
void visit_data(V& v, DataFiles& d) {
    v.path("train", d.train, Need::required);
    if (v.when(!d.evaluation.empty())) v.path("evaluation", d.evaluation, Need::optional);
    if (v.when(d.evaluation.empty())) v.number("evaluation_part", d.evaluation_part, Range{0, 0.5});
    v.choice("format", d.format, formats);
}

template <class V>
void visit_lora(V& v, Lora& l) {
    v.integer("rank", l.rank, Whole{1, 1024});
    v.number("alpha", l.alpha, Range{0, 65'536, true});
    v.targets("targets", l.targets);
}

template <class V>
void visit_learning_rate(V& v, LearningRate& l) {
    v.number("peak", l.peak, Range{0, 10, true});
    v.number("warm_up", l.warm_up, Range{0, 1});
    v.number("floor", l.floor, Range{0, 1});
    v.choice("schedule", l.schedule, schedules);
}

template <class V>
void visit_optimizer(V& v, Adam& a) {
    v.number("beta1", a.beta1, Range{0, 1, false, true});
    v.number("beta2", a.beta2, Range{0, 1, false, true});
    v.number("epsilon", a.epsilon, Range{0, 1, true});
    v.number("weight_decay", a.weight_decay, Range{0, 1});
    v.number("clip", a.clip, Range{0, 1e6});
}

template <class V>
void visit_driver(V& v, Driver& d) {
    v.choice("kind", d.kind, driver_kinds);
    if (v.when(d.kind == DriverKind::openai)) {
        v.url("base_url", d.base_url);
        v.text("model", d.model);
        if (v.when(!d.api_key_reference.empty())) v.secret("api_key", d.api_key, d.api_key_reference);
    }
    if (v.when(d.kind == DriverKind::command)) {
        v.words("command", d.command);
        if (v.when(!d.pass_on.empty())) v.words("pass_on", d.pass_on);
    }
}

// The first part of the recipe: what the model is.
template <class V>
void visit_model(V& v, Recipe& r) {
    v.name("name", r.name);
    if (v.when(r.from_scratch || !r.base.empty())) v.base("base", r.from_scratch, r.base);
    if (v.when(r.from_scratch)) {
        v.section("architecture", [&](auto& inner) { visit_architecture(inner, r.architecture); });
    }
    if (v.when(!r.tokenizer.empty() || !r.corpus.empty())) {
        v.section("tokenizer", [&](auto& inner) {
            if (inner.when(!r.tokenizer.empty())) inner.path("from", r.tokenizer, Need::optional);
            if (inner.when(!r.corpus.empty())) inner.paths("corpus", r.corpus);
        });
    }
    v.section("data", [&](auto& inner) { visit_data(inner, r.data); });
    if (v.when(false)) v.template_file("chat_template", r.chat_template);
    if (v.when(!r.chat_template.empty())) v.template_text("chat_template_text", r.chat_template);
    if (v.when(!r.turn_end.empty())) v.text("turn_end", r.turn_end);
}

template <class V>
void visit_recipe(V& v, Recipe& r) {
    visit_model(v, r);
    v.choice("loss", r.loss, losses);
    v.choice("method", r.method, methods);
    if (v.when(r.method == Method::lora)) v.section("lora", [&](auto& inner) { visit_lora(inner, r.lora); });
    v.integer("epochs", r.epochs, Whole{1, 100'000});
    v.integer("steps_max", r.steps_max, Whole{0, most_uint32});
    v.integer("batch", r.batch, Whole{1, 65'536});
    v.integer("context", r.context, Whole{8, 1'048'576});
    v.section("learning_rate", [&](auto& inner) { visit_learning_rate(inner, r.learning_rate); });
    v.section("optimizer", [&](auto& inner) { visit_optimizer(inner, r.adam); });
    v.integer("seed", r.seed, Whole{0, std::numeric_limits<std::int64_t>::max()});
    v.integer("evaluate_every", r.evaluate_every, Whole{1, most_uint32});
    v.integer("early_stop", r.early_stop, Whole{0, 1'000'000});
    v.integer("checkpoint_every", r.checkpoint_every, Whole{1, most_uint32});
    v.integer("checkpoints_kept", r.checkpoints_kept, Whole{1, 1000});
    v.integer("threads", r.threads, Whole{0, 1024});
    v.section("output", [&](auto& inner) { inner.choice("type", r.output_type, output_types); });
    if (v.when(!r.score.data.empty())) {
        v.section("score", [&](auto& inner) {
            inner.path("data", r.score.data, Need::required);
            inner.integer("rows", r.score.rows, Whole{0, most_uint32});
        });
    }
    v.section("driver", [&](auto& inner) { visit_driver(inner, r.driver); });
}

}  // namespace forebay::training
