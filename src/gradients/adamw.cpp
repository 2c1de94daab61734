#include "gradients/adamw.h"

#include <array>
#include <cmath>

namespace forebay::gradients {
namespace {

// One small graph over tensors that have memory already; its own results get some from an allocator.
class SmallGraph {
public:
    SmallGraph(ggml_backend* backend, std::size_t nodes)
        : backend_(backend),
          context_(new_context(4 * nodes + 8, 4 * nodes + 8)),
          graph_(ggml_new_graph_custom(context_.get(), 4 * nodes + 8, false)) {}

    ggml_context* context() const { return context_.get(); }
    // The computed values of another graph's tensor, without the operations that made them.
    ggml_tensor* values_of(const ggml_tensor* computed) {
        ggml_tensor* leaf = ggml_dup_tensor(context_.get(), computed);
        FOREBAY_CHECK(ggml_is_contiguous(computed) &&
                      ggml_backend_tensor_alloc(computed->buffer, leaf, computed->data) == GGML_STATUS_SUCCESS);
        return leaf;
    }
    void add(ggml_tensor* result) { ggml_build_forward_expand(graph_, result); }
    Result<void> run_blocking() {
        allocator_.reset(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend_)));
        if (!ggml_gallocr_alloc_graph(allocator_.get(), graph_)) {
            return fail(Code::resource_exhausted, "not enough memory for the optimiser's graph");
        }
        return compute_blocking(backend_, graph_);
    }

private:
    ggml_backend* backend_;
    ContextPtr context_;
    ggml_cgraph* graph_;
    AllocatorPtr allocator_;
};

}  // namespace

Result<AdamW> AdamW::create_blocking(const Weights& weights, const AdamSettings& settings) {
    AdamW out;
    out.settings_ = settings;
    out.parameters_ = weights.trained();
    out.context_ = new_context(3 * out.parameters_.size() + 3);
    ggml_context* context = out.context_.get();
    for (const ggml_tensor* parameter : out.parameters_) {
        out.sums_.push_back(ggml_dup_tensor(context, parameter));
        out.first_.push_back(ggml_dup_tensor(context, parameter));
        out.second_.push_back(ggml_dup_tensor(context, parameter));
    }
    out.decayed_ = ggml_new_tensor_1d(context, GGML_TYPE_F32, 7);
    out.plain_ = ggml_new_tensor_1d(context, GGML_TYPE_F32, 7);
    out.factor_ = ggml_new_tensor_1d(context, GGML_TYPE_F32, 1);
    const Device& device = weights.device();
    out.buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(context, ggml_backend_dev_buffer_type(device.device)));
    if (!out.buffer_) {
        return fail(Code::resource_exhausted, "not enough memory on {} for gradients and moments", device.name);
    }
    ggml_backend_buffer_clear(out.buffer_.get(), 0);
    return out;
}

void AdamW::clear_gradients() {
    for (ggml_tensor* sum : sums_) ggml_backend_tensor_memset(sum, 0, 0, ggml_nbytes(sum));
}

Result<void> AdamW::add_blocking(ggml_backend* backend, const std::vector<ggml_tensor*>& gradients) {
    SmallGraph graph(backend, sums_.size());
    for (std::size_t i = 0; i < sums_.size(); ++i) {
        if (gradients[i]) graph.add(ggml_add_inplace(graph.context(), sums_[i], graph.values_of(gradients[i])));
    }
    return graph.run_blocking();
}

Result<double> AdamW::gradient_norm_blocking(ggml_backend* backend) {
    SmallGraph graph(backend, 2 * sums_.size());
    std::vector<ggml_tensor*> squares;
    for (ggml_tensor* sum : sums_) {
        squares.push_back(ggml_sum(graph.context(), ggml_sqr(graph.context(), sum)));
        ggml_set_output(squares.back());
        graph.add(squares.back());
    }
    FOREBAY_TRY_VOID(graph.run_blocking());
    double total = 0;
    for (const ggml_tensor* square : squares) {
        float value = 0;
        ggml_backend_tensor_get(square, &value, 0, sizeof(value));
        total += static_cast<double>(value);
    }
    return std::sqrt(total);
}

Result<void> AdamW::update_blocking(ggml_backend* backend, double learning_rate, std::uint64_t step, double norm) {
    const auto power = static_cast<double>(step);
    std::array<float, 7> numbers{static_cast<float>(learning_rate),
                                 static_cast<float>(settings_.beta1),
                                 static_cast<float>(settings_.beta2),
                                 static_cast<float>(settings_.epsilon),
                                 static_cast<float>(settings_.weight_decay),
                                 static_cast<float>(1.0 / (1.0 - std::pow(settings_.beta1, power))),
                                 static_cast<float>(1.0 / (1.0 - std::pow(settings_.beta2, power)))};
    ggml_backend_tensor_set(decayed_, numbers.data(), 0, sizeof(numbers));
    numbers[4] = 0;
    ggml_backend_tensor_set(plain_, numbers.data(), 0, sizeof(numbers));

    SmallGraph graph(backend, 2 * sums_.size());
    const bool clipped = settings_.clip > 0 && norm > settings_.clip;
    const auto factor = static_cast<float>(settings_.clip / norm);
    if (clipped) ggml_backend_tensor_set(factor_, &factor, 0, sizeof(factor));
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        ggml_tensor* gradient = clipped ? ggml_mul_inplace(graph.context(), sums_[i], factor_) : sums_[i];
        ggml_tensor* settings = parameters_[i]->ne[1] > 1 ? decayed_ : plain_;
        graph.add(ggml_opt_step_adamw(graph.context(), parameters_[i], gradient, first_[i], second_[i], settings));
    }
    return graph.run_blocking();
}

}  // namespace forebay::gradients
