#include "engine/engine.h"

#include <build-info.h>
#include <llama.h>

#include <algorithm>

#include "engine/llama_context.h"
#include "engine/llama_model.h"
#include "engine/prompt.h"
#include "engine/sampling.h"
#include "engine/scheduler.h"

namespace forebay::engine {
namespace {

constexpr std::size_t stops_max = 4;
constexpr std::uint32_t top_logprobs_max = 20;

Result<void> check_request(const GenerateRequest& request, const Vocabulary& vocabulary) {
    FOREBAY_TRY_VOID(check_sampling(request.sampling, vocabulary.size()));
    if (request.stop.size() > stops_max) {
        return fail_field("stop",
                          fmt::format("stop has {} sequences; at most {} are allowed", request.stop.size(), stops_max));
    }
    if (std::ranges::any_of(request.stop, &std::string::empty)) return fail_field("stop", "stop has an empty sequence");
    if (request.tokens_max < -1) return fail_field("max_tokens", "max_tokens must be 0 or more");
    if (request.top_logprobs > top_logprobs_max) {
        return fail_field("top_logprobs", fmt::format("top_logprobs must be at most {}", top_logprobs_max));
    }
    return {};
}

class LlamaEngine final : public Engine {
public:
    LlamaEngine(std::unique_ptr<LlamaModel> model, std::unique_ptr<LlamaContext> context,
                const EngineSettings& settings)
        : model_(std::move(model)),
          context_tokens_(call_limit(*context, *model_, settings)),
          scheduler_(*model_, std::move(context), settings) {}

    const ModelInfo& model() const override { return model_->info(); }
    EngineStats stats() const override { return scheduler_.stats(); }

    Result<CallId> submit(GenerateRequest request, std::shared_ptr<Listener> listener) override {
        FOREBAY_TRY_VOID(check_request(request, model_->vocabulary()));
        FOREBAY_TRY(Tokens prompt, make_prompt(request, model_->chat_template(), model_->vocabulary()));
        FOREBAY_TRY_VOID(check_prompt_fits(request, prompt.size(), context_tokens_));
        auto call = std::make_unique<Call>(request, std::move(prompt), std::move(listener));
        const auto room = context_tokens_ - std::min(call->prompt_tokens, context_tokens_);
        call->tokens_max =
            request.tokens_max < 0 ? room : std::min(room, static_cast<std::uint32_t>(request.tokens_max));
        return scheduler_.submit(std::move(call));
    }

    void cancel(CallId call) override { scheduler_.cancel(call); }

    Result<std::uint32_t> count_tokens(const GenerateRequest& request) const override {
        FOREBAY_TRY(const Tokens prompt, make_prompt(request, model_->chat_template(), model_->vocabulary()));
        return static_cast<std::uint32_t>(prompt.size());
    }

    void stop_blocking() override { scheduler_.stop_blocking(); }

private:
    // A call may use all cells, but not more tokens than the model was trained for.
    static std::uint32_t call_limit(const LlamaContext& context, const LlamaModel& model,
                                    const EngineSettings& settings) {
        const std::uint32_t cells = settings.context_tokens > 0 ? settings.context_tokens : context.kv_cells();
        const std::uint32_t trained = model.info().context_tokens_trained;
        return trained > 0 ? std::min(cells, trained) : cells;
    }

    std::unique_ptr<LlamaModel> model_;
    std::uint32_t context_tokens_;
    Scheduler scheduler_;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open_blocking(EngineSettings settings,
                                                      const std::function<bool(float)>& progress) {
    FOREBAY_TRY(std::unique_ptr<LlamaModel> model, LlamaModel::open_blocking(settings, progress));
    FOREBAY_TRY(std::unique_ptr<LlamaContext> context, LlamaContext::open_blocking(*model, settings));
    return std::make_unique<LlamaEngine>(std::move(model), std::move(context), settings);
}

std::string llama_version() { return fmt::format("libllama {} ({})", ::llama_version(), ::llama_commit()); }

}  // namespace forebay::engine
