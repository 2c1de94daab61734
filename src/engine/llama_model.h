// A loaded model: weights, vocabulary, chat template and what is known about it. Constant after loading;
// thread-safe.
#pragma once
#include <llama-cpp.h>

#include <functional>
#include <memory>

#include "base/error.h"
#include "engine/chat_template.h"
#include "engine/engine.h"
#include "engine/vocabulary.h"

namespace forebay::engine {

class LlamaModel {
public:
    // See Engine::open_blocking. cancelled: `progress` said stop.
    static Result<std::unique_ptr<LlamaModel>> open_blocking(const EngineSettings& settings,
                                                             const std::function<bool(float)>& progress);

    llama_model& get() const { return *model_; }
    const Vocabulary& vocabulary() const { return vocabulary_; }
    const ChatTemplate& chat_template() const { return *chat_template_; }
    const ModelInfo& info() const { return info_; }

private:
    LlamaModel(llama_model_ptr model, Vocabulary vocabulary) : model_(std::move(model)), vocabulary_(vocabulary) {}

    llama_model_ptr model_;
    Vocabulary vocabulary_;
    std::unique_ptr<ChatTemplate> chat_template_;
    ModelInfo info_;
};

}  // namespace forebay::engine
