#include "gradients/loss.h"

namespace forebay::gradients {
namespace {

class NextTokenLoss final : public Loss {
public:
    ggml_tensor* build(ggml_context* context, const LlamaGraph& graph, const MicroBatch& batch,
                       std::uint64_t step_predictions) override {
        labels_ = ggml_new_tensor_2d(context, GGML_TYPE_F32, graph.logits->ne[0], graph.logits->ne[1]);
        ggml_set_input(labels_);
        // ggml's loss is the mean over the rows of this graph.
        const double share = static_cast<double>(batch.predictions()) / static_cast<double>(step_predictions);
        return ggml_scale(context, ggml_cross_entropy_loss(context, graph.logits, labels_), static_cast<float>(share));
    }

    void fill(const MicroBatch& batch) override {
        const auto vocabulary = static_cast<std::size_t>(labels_->ne[0]);
        const float one = 1.0f;
        ggml_backend_tensor_memset(labels_, 0, 0, ggml_nbytes(labels_));
        std::size_t prediction = 0;
        for (const TokenRow* row : batch.rows) {
            for (std::size_t i = 1; i < row->tokens.size(); ++i) {
                if (!row->predicted[i]) continue;
                const std::size_t at = prediction++ * vocabulary + static_cast<std::size_t>(row->tokens[i]);
                ggml_backend_tensor_set(labels_, &one, at * sizeof(float), sizeof(float));
            }
        }
    }

    std::unique_ptr<Loss> for_another_lane() const override { return std::make_unique<NextTokenLoss>(); }

private:
    ggml_tensor* labels_ = nullptr;  // [vocabulary, predictions]: 1 at the token that comes
};

}  // namespace

std::unique_ptr<Loss> next_token_loss() { return std::make_unique<NextTokenLoss>(); }

}  // namespace forebay::gradients
