// A recipe: everything that decides what a training run makes, read from one YAML file.
//
// The same recipe, seed and machine make the same weights. docs/guide/training.md lists every key.
// Errors   parse_recipe reports every fault at once with file:line:column; unknown keys are refused.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "gradients/adam_settings.h"
#include "gradients/llama_shape.h"

namespace forebay::training {

using Architecture = gradients::LlamaShape;

enum class Format { chat, text };      // {"messages":[…]} a line, or {"text":"…"} a line
enum class LossOn { assistant, all };  // which tokens are predicted
enum class Method { full, lora };      // all parameters, or low-rank adapters
enum class Schedule { cosine, linear, constant };
enum class DriverKind { local, openai, command };

struct DataFiles {
    std::string train;              // JSONL, absolute path after parsing
    std::string evaluation;         // empty: a part of `train` is held back
    double evaluation_part = 0.02;  // of the rows, 0 to 0.5, used when `evaluation` is empty; chosen by the seed
    Format format = Format::chat;
};

struct Lora {
    std::uint32_t rank = 8;
    double alpha = 16;  // the update is scaled by alpha / rank
    std::vector<std::string> targets = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};
};

struct LearningRate {
    double peak = 1e-3;
    double warm_up = 0.03;  // part of all steps
    double floor = 0.1;     // part of peak, reached at the last step
    Schedule schedule = Schedule::cosine;
};

using Adam = gradients::AdamSettings;

// Answers generated after the training for rows never trained on, compared with the rows' own answers.
struct Score {
    std::string data;        // JSONL of chats; empty: no scoring
    std::uint32_t rows = 0;  // at most; 0: all
};

struct Driver {
    DriverKind kind = DriverKind::local;
    // openai: an API with /files and /fine_tuning/jobs.
    std::string base_url;
    std::string model;  // the hosted model that is tuned
    config::Secret api_key;
    std::string api_key_reference;  // "${env:NAME}" or "${file:PATH}" (absolute): what to_yaml writes; a literal is
                                    // refused
    // command: any trainer. docs/guide/training.md has what it is told and what it must leave behind.
    std::vector<std::string> command;
    std::vector<std::string> pass_on;  // names of more variables of the environment that the command gets
};

struct Recipe {
    std::string name;  // of the model that it makes: lower-case letters, digits, '-', '_', '.'
    bool from_scratch = false;
    std::string base;                 // a GGUF file (absolute path) or a registry reference NAME[@LABEL or :NUMBER]
    Architecture architecture;        // used when from_scratch
    std::string tokenizer;            // GGUF whose vocabulary is used; empty with from_scratch: trained on `data`
    std::vector<std::string> corpus;  // more text for training the tokenizer
    DataFiles data;
    std::string chat_template;  // Jinja; empty: the base's own, ChatML with from_scratch
    std::string turn_end;       // control token after an assistant's turn; empty: what the template puts there
    LossOn loss = LossOn::assistant;
    Method method = Method::full;
    Lora lora;
    std::uint32_t epochs = 1;
    std::uint32_t steps_max = 0;  // 0: as many as the epochs have
    std::uint32_t batch = 32;     // rows a step
    std::uint32_t context = 512;  // tokens of the longest row; at most the model's
    LearningRate learning_rate;
    Adam adam;
    std::uint64_t seed = 1;
    std::uint32_t evaluate_every = 100;    // steps
    std::uint32_t early_stop = 0;          // evaluations without a better loss before the run ends; 0: never
    std::uint32_t checkpoint_every = 100;  // steps
    std::uint32_t checkpoints_kept = 2;
    std::uint32_t threads = 0;         // 0: one per processor; the result does not depend on it
    std::string output_type = "q8_0";  // of the exported model: f32, f16 or q8_0; an adapter is f32
    Score score;
    Driver driver;
};

// 1 to 64 lower-case letters, digits, '-', '_' and '.', beginning with a letter or a digit.
bool is_model_name(std::string_view text);

using ParsedRecipe = std::expected<Recipe, std::vector<config::Problem>>;

// `file` names the recipe in messages and anchors its relative paths.
ParsedRecipe parse_recipe(std::string_view text, const std::string& file, const config::Sources& sources);
// Reads and parses. Blocks on the file system.
ParsedRecipe load_recipe_blocking(const std::string& file, const config::Sources& sources = config::system_sources());
// The recipe with every default written out and secrets as the references that they are: what its digest is taken of,
// and what a resumed run parses again.
std::string to_yaml(const Recipe& recipe);

}  // namespace forebay::training
