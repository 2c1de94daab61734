#include "training/run_training.h"

#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "engine/gguf_check.h"
#include "gradients/weights.h"
#include "training/command_driver.h"
#include "training/local_driver.h"
#include "training/openai_driver.h"
#include "training/score.h"
#include "training/training_data.h"

namespace forebay::training {
namespace {

std::string name_of(DriverKind kind) {
    switch (kind) {
        case DriverKind::openai: return "openai";
        case DriverKind::command: return "command";
        case DriverKind::local: break;
    }
    return "local";
}

std::unique_ptr<TrainingDriver> make_driver(const Recipe& recipe, const std::string& base_file, Workshop& workshop) {
    switch (recipe.driver.kind) {
        case DriverKind::openai: return std::make_unique<OpenaiDriver>(workshop.io_threads, OpenaiDriver::Options{});
        case DriverKind::command: {
            CommandDriver::Options options;
            options.base_file = base_file;
            options.pass_on = recipe.driver.pass_on;
            return std::make_unique<CommandDriver>(std::move(options));
        }
        case DriverKind::local: break;
    }
    return std::make_unique<LocalDriver>(LocalOptions{base_file, workshop.allow_gpu, workshop.check_room});
}

// Registers the data too, so that the lineage ends in files that are kept.
Result<std::vector<std::string>> register_data_blocking(const Recipe& recipe, registry::Registry& registry,
                                                        const std::string& code_version) {
    std::vector<std::string> digests;
    for (const auto& [file, split] :
         {std::pair(recipe.data.train, "train"), std::pair(recipe.data.evaluation, "evaluation")}) {
        if (file.empty()) continue;
        registry::Origin origin;
        origin.source = fmt::format("{} of {}", split, recipe.name);
        origin.code_version = code_version;
        FOREBAY_TRY(
            const registry::Version version,
            registry.add_blocking(registry::Kind::dataset, recipe.name.substr(0, 50) + "-" + split, file, origin));
        digests.push_back(version.digest);
    }
    return digests;
}

// The rows that answers are compared with: read before the training, whose end is too late for a malformed one.
Result<std::vector<registry::Row>> read_score_rows_blocking(const Recipe& recipe) {
    if (recipe.score.data.empty()) return std::vector<registry::Row>();
    FOREBAY_TRY(std::vector<registry::Row> rows, read_rows_or_fail_blocking(recipe.score.data, Format::chat));
    if (recipe.score.rows != 0 && recipe.score.rows < rows.size()) rows.resize(recipe.score.rows);
    return rows;
}

Result<void> score_output_blocking(const Recipe& recipe, RunFolder& folder, const TrainingOutput& output,
                                   const std::vector<registry::Row>& rows, const Progress& progress) {
    const std::string model = output.merged_file.empty() ? output.file : output.merged_file;
    if (rows.empty() || model.empty() || (output.adapter && output.merged_file.empty())) return {};
    if (progress.on_line) {
        progress.on_line(fmt::format("scoring the answers to {} rows of {}", rows.size(), recipe.score.data));
    }
    ScoreOptions options;
    options.model_file = model;
    options.threads = recipe.threads;
    RunState state = folder.state();
    FOREBAY_TRY(state.score, score_blocking(options, rows));
    return folder.save_blocking(state);
}

Result<void> register_output_blocking(const Recipe& recipe, RunFolder& folder, const TrainingOutput& output,
                                      Workshop& workshop) {
    if (output.file.empty()) return {};
    RunState state = folder.state();
    registry::Origin origin;
    origin.source = "training run " + state.id;
    origin.run = state.id;
    origin.recipe = folder.recipe_yaml_blocking();
    origin.recipe_digest = state.recipe_digest;
    origin.base_digest = state.base_digest;
    FOREBAY_TRY(origin.dataset_digests, register_data_blocking(recipe, workshop.registry, workshop.code_version));
    origin.seed = recipe.seed;
    origin.code_version = workshop.code_version;
    origin.evaluation_json = evaluation_json(state, output);
    const auto kind = output.adapter ? registry::Kind::adapter : registry::Kind::model;
    FOREBAY_TRY(const registry::Version version,
                workshop.registry.add_blocking(kind, recipe.name, output.file, origin));
    state.registered = version.reference();
    state.output_digest = version.digest;
    return folder.save_blocking(state);
}

// A file's name as a name of the registry: "Llama-3.2-1B.gguf" is "llama-3.2-1b".
std::string registry_name(const std::string& file) {
    std::string name = std::filesystem::path(file).stem().string();
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!fits) c = '-';
    }
    if (name.empty() || name.front() == '-' || name.front() == '_' || name.front() == '.') name.insert(0, 1, 'm');
    return name.substr(0, 64);
}

Result<std::string> digest_of_blocking(const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
    if (!stream) return fail(Code::not_found, "the base {} cannot be read", file);
    std::vector<char> buffer(1 << 20);
    Sha256Stream digest;
    for (std::size_t read = 0; (read = std::fread(buffer.data(), 1, buffer.size(), stream.get())) > 0;) {
        digest.add(std::string_view(buffer.data(), read));
    }
    return to_hex(digest.finish());
}

// Keeps a base given as a file, so that its digest can be found again; one that cannot be trained is refused first.
// conflict: a run that goes on would go on from another base.
Result<void> note_base_blocking(const Recipe& recipe, const std::string& base_file, RunFolder& folder,
                                Workshop& workshop) {
    if (base_file.empty()) return {};
    FOREBAY_TRY_VOID(engine::check_gguf_blocking(base_file));
    if (recipe.driver.kind == DriverKind::local) FOREBAY_TRY_VOID(gradients::read_shape_blocking(base_file));
    RunState state = folder.state();
    FOREBAY_TRY(const std::string digest, digest_of_blocking(base_file));
    if (!state.base_digest.empty() && state.base_digest != digest) {
        return fail(Code::conflict, "the base {} of run {} changed since it began: start a new run, or put it back",
                    recipe.base, state.id);
    }
    if (!workshop.registry.find_blocking("sha256:" + digest)) {
        registry::Origin origin;
        origin.source = "base of " + recipe.name;
        FOREBAY_TRY_VOID(
            workshop.registry.add_blocking(registry::Kind::model, registry_name(base_file), base_file, origin));
    }
    state.base_digest = digest;
    return folder.save_blocking(state);
}

Result<void> train_blocking(const Recipe& recipe, RunFolder& folder, Workshop& workshop, const Progress& progress) {
    FOREBAY_TRY(const std::string base_file, find_base_blocking(recipe, workshop.registry));
    FOREBAY_TRY_VOID(note_base_blocking(recipe, base_file, folder, workshop));
    // Before anything leaves this machine; the local driver reads its rows itself.
    if (recipe.driver.kind != DriverKind::local) FOREBAY_TRY_VOID(read_run_data_blocking(recipe, folder));
    FOREBAY_TRY(const auto score_rows, read_score_rows_blocking(recipe));
    const auto driver = make_driver(recipe, base_file, workshop);
    FOREBAY_TRY(const TrainingOutput output, driver->run_blocking(recipe, folder, progress));
    FOREBAY_TRY_VOID(score_output_blocking(recipe, folder, output, score_rows, progress));
    FOREBAY_TRY_VOID(register_output_blocking(recipe, folder, output, workshop));
    if (!output.remote_model.empty()) {
        RunState state = folder.state();
        state.registered = output.remote_model;
        FOREBAY_TRY_VOID(folder.save_blocking(state));
    }
    return {};
}

}  // namespace

Result<std::string> find_base_blocking(const Recipe& recipe, registry::Registry& registry) {
    if (recipe.from_scratch || recipe.driver.kind == DriverKind::openai) return std::string();
    if (recipe.base.ends_with(".gguf") || recipe.base.find('/') != std::string::npos) {
        if (!std::filesystem::exists(recipe.base))
            return fail(Code::not_found, "the base {} does not exist", recipe.base);
        return recipe.base;
    }
    if (recipe.base.empty()) return std::string();
    FOREBAY_TRY(const registry::Version version, registry.find_blocking(recipe.base));
    return version.file;
}

Result<RunState> run_training_blocking(const Recipe& recipe, RunFolder& folder, Workshop& workshop,
                                       const Progress& progress) {
    RunState state = folder.state();
    if (state.status == RunStatus::done) return state;
    state.status = RunStatus::running;
    state.driver = name_of(recipe.driver.kind);
    state.error.clear();
    FOREBAY_TRY_VOID(folder.save_blocking(state));
    const Result<void> trained = train_blocking(recipe, folder, workshop, progress);
    state = folder.state();
    state.ended_micros = unix_micros_now();
    if (trained) {
        state.status = RunStatus::done;
    } else {
        // A run that was asked to stop is not a failed one: it waits for resume.
        state.status = trained.error().code == Code::cancelled ? RunStatus::interrupted : RunStatus::failed;
        state.error = trained.error().message;
    }
    FOREBAY_TRY_VOID(folder.save_blocking(state));
    // A failed run's curve is looked at most; that it cannot be drawn is no reason to hide why the run failed.
    if (!trained && state.steps_planned == 0) return std::unexpected(trained.error());  // before any step
    if (auto plotted = folder.plot_blocking(); !plotted && trained) return std::unexpected(plotted.error());
    if (!trained) return std::unexpected(trained.error());
    return state;
}

std::string to_json(const ScoreResult& score) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("rows", score.rows);
    object.field("valid_json", score.valid_json);
    object.field("exact", score.exact);
    object.key("by_field");
    json::ObjectWriter fields(out);
    for (const auto& [name, part] : score.by_field) fields.field(name, part);
    fields.close();
    object.close();
    return out;
}

std::string evaluation_json(const RunState& state, const TrainingOutput& output) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("steps", state.steps);
    object.field("tokens", state.tokens);
    object.field("train_loss", state.train_loss);
    object.field("evaluation_loss", state.evaluation_loss);
    object.field("best_evaluation_loss", state.best_evaluation_loss);
    object.field("weights_digest", state.weights_digest);
    if (state.score) object.raw("score", to_json(*state.score));
    if (!output.evaluation.empty()) object.raw("trainer", output.evaluation);
    object.close();
    return out;
}

}  // namespace forebay::training
