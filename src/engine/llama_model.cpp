#include "engine/llama_model.h"

#include <ggml-backend.h>

#include <algorithm>
#include <array>
#include <exception>

#include "base/log.h"
#include "engine/backends.h"
#include "engine/gguf_check.h"
#include "engine/llama_log.h"

namespace forebay::engine {
namespace {

std::string metadata(const llama_model& model, const char* key) {
    std::array<char, 256> value{};
    const std::int32_t size = llama_model_meta_val_str(&model, key, value.data(), value.size());
    return size < 0 ? std::string{} : std::string(value.data());
}

ModelInfo describe(const llama_model& model, const EngineSettings& settings) {
    ModelInfo info;
    std::array<char, 256> description{};
    llama_model_desc(&model, description.data(), description.size());
    info.architecture = metadata(model, "general.architecture");
    info.name = metadata(model, "general.name");
    info.description = description.data();
    info.parameters = llama_model_n_params(&model);
    info.context_tokens_trained = static_cast<std::uint32_t>(std::max(0, llama_model_n_ctx_train(&model)));
    info.vocabulary_tokens = static_cast<std::uint32_t>(llama_vocab_n_tokens(llama_model_get_vocab(&model)));
    for (std::size_t i = 0; settings.gpu_layers != 0 && i < ggml_backend_dev_count(); ++i) {
        const ggml_backend_dev_t device = ggml_backend_dev_get(i);
        const auto type = ggml_backend_dev_type(device);
        if (type != GGML_BACKEND_DEVICE_TYPE_GPU && type != GGML_BACKEND_DEVICE_TYPE_IGPU) continue;
        info.devices.emplace_back(ggml_backend_dev_description(device));
    }
    return info;
}

// What the first line in llama.cpp's log says about why it gave up.
Code code_of(const std::string& reason) {
    const bool memory = reason.contains("alloc") || reason.contains("memory") || reason.contains("mmap");
    return memory ? Code::resource_exhausted : Code::invalid_argument;
}

Result<llama_model_ptr> load_weights(const EngineSettings& settings, const std::function<bool(float)>& progress) {
    struct Progress {
        const std::function<bool(float)>& report;
        bool stopped = false;
    } state{progress};
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = settings.gpu_layers;
    params.progress_callback_user_data = &state;
    params.progress_callback = [](float done, void* user) {
        auto& given = *static_cast<Progress*>(user);
        given.stopped = given.report && !given.report(done);
        return !given.stopped;
    };
    const LlamaErrors errors;
    std::string reason;
    llama_model_ptr model;
    try {
        model.reset(llama_model_load_from_file(settings.model_file.c_str(), params));
    } catch (const std::exception& error) {
        reason = error.what();
    }
    if (state.stopped) return fail(Code::cancelled, "loading of '{}' was stopped", settings.model_file);
    if (model) return model;
    if (reason.empty()) reason = errors.first();
    return std::unexpected(Error{
        code_of(reason), fmt::format("model file '{}' could not be loaded: {}", settings.model_file, reason), {}});
}

}  // namespace

Result<std::unique_ptr<LlamaModel>> LlamaModel::open_blocking(const EngineSettings& settings,
                                                              const std::function<bool(float)>& progress) {
    install_llama_log();
    FOREBAY_TRY(const std::uint64_t file_bytes, check_gguf_blocking(settings.model_file));
    FOREBAY_TRY(const Backends backends, load_backends_blocking(settings.backend_folder));
    FOREBAY_TRY(llama_model_ptr weights, load_weights(settings, progress));
    if (!llama_model_has_decoder(weights.get()) || llama_model_has_encoder(weights.get())) {
        return fail(Code::invalid_argument, "model file '{}' is not a text generation model", settings.model_file);
    }
    const Vocabulary vocabulary(*weights);
    if (vocabulary.size() == 0) {
        return fail(Code::invalid_argument, "model file '{}' has no vocabulary", settings.model_file);
    }

    std::unique_ptr<LlamaModel> model(new LlamaModel(std::move(weights), vocabulary));
    FOREBAY_TRY(model->chat_template_, ChatTemplate::open(model->get(), model->vocabulary_));
    model->info_ = describe(model->get(), settings);
    model->info_.file_bytes = file_bytes;
    model->info_.cpu_variant = backends.cpu_variant;
    model->info_.has_chat_template = model->chat_template_->is_the_models();
    if (!model->info_.has_chat_template) {
        log::warning("model '{}' has no chat template; ChatML is used", settings.model_file);
    }
    return model;
}

}  // namespace forebay::engine
