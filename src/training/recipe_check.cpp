// What one value of a recipe demands of another.
#include <fmt/format.h>

#include "training/recipe_reader.h"
#include "training/recipe_schema.h"

namespace forebay::training {
namespace {

constexpr std::uint32_t q8_0_block = 32;  // numbers that share a scale; a matrix row is a multiple of it

class Checker {
public:
    Checker(const config::ReadContext& context, const Recipe& recipe) : context_(context), recipe_(recipe) {}

    void check_base() const {
        const bool local = recipe_.driver.kind == DriverKind::local;
        if (local && !has("base")) {
            add("", "the recipe needs 'base': from_scratch, a GGUF file, or a model of the registry");
        }
        if (recipe_.from_scratch && !has("architecture")) {
            add("base", "is from_scratch: that needs 'architecture', which says how large the model is");
        }
        if (recipe_.from_scratch && recipe_.method == Method::lora) {
            add("method", "must be full with 'base: from_scratch': adapters change a model that has learnt already");
        }
        const bool base_is_known = !recipe_.base.empty() || !has("base");
        if (!recipe_.from_scratch && base_is_known) {
            unused("architecture", "it is for 'base: from_scratch'; any other base has its own");
            unused("tokenizer", "it is for 'base: from_scratch'; any other base has its own");
        }
        if (has("tokenizer.from")) unused("tokenizer.corpus", "tokenizer.from brings its vocabulary, none is trained");
        if (recipe_.method != Method::lora) unused("lora", "it needs 'method: lora'");
    }

    void check_architecture() const {
        if (!recipe_.from_scratch || !has("architecture")) return;
        const Architecture& a = recipe_.architecture;
        if (a.width % a.heads != 0) {
            add("architecture.heads",
                fmt::format("must divide width: {} heads cannot share {} evenly", a.heads, a.width));
        } else if ((a.width / a.heads) % 2 != 0) {
            add("architecture.heads", fmt::format("makes heads of {} numbers (width / heads); rotary positions turn "
                                                  "pairs, so it must be even",
                                                  a.width / a.heads));
        }
        if (a.heads % a.kv_heads != 0) {
            add("architecture.kv_heads",
                fmt::format("must divide heads: {} query heads cannot share {} key heads evenly", a.heads, a.kv_heads));
        }
        if (recipe_.output_type == "q8_0") {
            check_q8_0("architecture.width", a.width);
            check_q8_0("architecture.feed_forward", a.feed_forward);
        }
        if (recipe_.context > a.context) {
            add("context", fmt::format("must be at most architecture.context ({}), not {}: the model has no positions "
                                       "beyond it",
                                       a.context, recipe_.context));
        }
    }

    void check_data() const {
        if (has("data.evaluation")) unused("data.evaluation_part", "data.evaluation names the rows");
        if (recipe_.early_stop > 0 && recipe_.data.evaluation.empty() && recipe_.data.evaluation_part <= 0) {
            add("early_stop", "needs evaluation rows: set data.evaluation, or data.evaluation_part above 0");
        }
        if (has("chat_template")) unused("chat_template_text", "chat_template names a file: keep one of them");
        if (recipe_.data.format != Format::text) return;
        if (recipe_.loss == LossOn::assistant) {
            add("loss", "must be all with 'data.format: text': text has no assistant's turns");
        }
        unused("chat_template", "'data.format: text' has no chats");
        unused("chat_template_text", "'data.format: text' has no chats");
    }

    void check_driver() const {
        const DriverKind kind = recipe_.driver.kind;
        if (kind != DriverKind::openai) {
            for (const auto* key : {"driver.base_url", "driver.model", "driver.api_key"}) {
                unused(key, "it needs 'kind: openai'");
            }
        }
        if (kind != DriverKind::command) {
            unused("driver.command", "it needs 'kind: command'");
            unused("driver.pass_on", "it needs 'kind: command'");
        }
        if (kind == DriverKind::command && !has("driver.command")) {
            add("driver", "needs 'command', the program to run: [ python3, ./train.py ]");
        }
        if (kind != DriverKind::openai) return;
        if (!has("driver.base_url")) add("driver", "needs 'base_url', such as \"https://api.openai.com/v1\"");
        if (!has("driver.model")) add("driver", "needs 'model', the hosted model to tune");
        if (recipe_.from_scratch) {
            add("base",
                "cannot be from_scratch with 'driver.kind: openai': the API tunes models of its own, named by "
                "driver.model");
        }
        if (recipe_.data.format == Format::text) {
            add("data.format", "must be chat with 'driver.kind: openai': the API takes no other rows");
        }
    }

private:
    bool has(const std::string& path) const { return context_.places.contains(path); }
    void add(const std::string& path, std::string_view message) const {
        const auto found = context_.places.find(path);
        const auto at = found == context_.places.end() ? config::Position{1, 1} : found->second.at;
        context_.problems.add(at, path.empty() ? std::string(message) : fmt::format("{} {}", path, message));
    }
    void unused(const std::string& path, std::string_view reason) const {
        if (has(path)) add(path, fmt::format("has no effect here ({}): remove it", reason));
    }
    void check_q8_0(const std::string& path, std::uint32_t value) const {
        if (value % q8_0_block == 0) return;
        add(path, fmt::format("must be a multiple of {} for 'output: {{ type: q8_0 }}', not {}; or choose f16 or f32",
                              q8_0_block, value));
    }

    const config::ReadContext& context_;
    const Recipe& recipe_;
};

}  // namespace

void cross_check(const config::ReadContext& context, const Recipe& recipe) {
    const Checker checker(context, recipe);
    checker.check_base();
    checker.check_architecture();
    checker.check_data();
    checker.check_driver();
}

}  // namespace forebay::training
