#include "gradients/weights.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include "base/hash.h"
#include "base/random.h"

namespace forebay::gradients {
double NormalNumbers::uniform() {
    return (static_cast<double>(next_repeatable(state_) >> 11) + 0.5) * (1.0 / 9007199254740992.0);
}

float NormalNumbers::next() {
    if (spare_) return static_cast<float>(*std::exchange(spare_, std::nullopt));
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    const double angle = 2.0 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    return static_cast<float>(radius * std::cos(angle));
}

std::vector<TensorPlan> plan_tensors(const LlamaShape& shape) {
    const std::int64_t width = shape.width;
    const std::int64_t kv = shape.kv_width();
    const std::int64_t feed = shape.feed_forward;
    std::vector<TensorPlan> plan{{"token_embd.weight", width, shape.vocabulary, false},
                                 {"output_norm.weight", width, 0, false}};
    if (!shape.tied_embeddings) plan.push_back({"output.weight", width, shape.vocabulary, false});
    for (std::uint32_t i = 0; i < shape.layers; ++i) {
        const std::string layer = fmt::format("blk.{}.", i);
        plan.push_back({layer + "attn_norm.weight", width, 0, false});
        plan.push_back({layer + "attn_q.weight", width, width, false});
        plan.push_back({layer + "attn_k.weight", width, kv, false});
        plan.push_back({layer + "attn_v.weight", width, kv, false});
        plan.push_back({layer + "attn_output.weight", width, width, true});
        plan.push_back({layer + "ffn_norm.weight", width, 0, false});
        plan.push_back({layer + "ffn_gate.weight", width, feed, false});
        plan.push_back({layer + "ffn_up.weight", width, feed, false});
        plan.push_back({layer + "ffn_down.weight", feed, width, true});
    }
    return plan;
}

Result<void> Weights::allocate() {
    buffer_.reset(
        ggml_backend_alloc_ctx_tensors_from_buft(context_.get(), ggml_backend_dev_buffer_type(device_.device)));
    if (!buffer_) return fail(Code::resource_exhausted, "not enough memory on {} for the weights", device_.name);
    return {};
}

Result<Weights> Weights::random_blocking(const LlamaShape& shape, std::uint64_t seed, const Device& device) {
    Weights weights(shape, device);
    const auto plan = plan_tensors(shape);
    weights.context_ = new_context(plan.size());
    for (const TensorPlan& planned : plan) {
        ggml_context* context = weights.context_.get();
        ggml_tensor* tensor = planned.outer == 0
                                  ? ggml_new_tensor_1d(context, GGML_TYPE_F32, planned.inner)
                                  : ggml_new_tensor_2d(context, GGML_TYPE_F32, planned.inner, planned.outer);
        ggml_set_name(tensor, planned.name.c_str());
        ggml_set_param(tensor);
        weights.tensors_[planned.name] = tensor;
    }
    FOREBAY_TRY_VOID(weights.allocate());
    NormalNumbers normal(seed);
    std::vector<float> values;
    for (const TensorPlan& planned : plan) {
        ggml_tensor* tensor = weights.tensors_[planned.name];
        values.assign(static_cast<std::size_t>(ggml_nelements(tensor)), 1.0f);
        if (planned.outer != 0) {
            const float deviation =
                0.02f / (planned.writes_residual ? std::sqrt(2.0f * static_cast<float>(shape.layers)) : 1.0f);
            for (float& value : values) value = deviation * normal.next();
        }
        ggml_backend_tensor_set(tensor, values.data(), 0, ggml_nbytes(tensor));
    }
    return weights;
}

ggml_tensor* Weights::find(std::string_view name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : found->second;
}

const LowRank* Weights::low_rank_of(std::string_view name) const {
    const auto found = low_rank_.find(name);
    return found == low_rank_.end() ? nullptr : &found->second;
}

std::vector<ggml_tensor*> Weights::trained() const {
    std::vector<ggml_tensor*> out;
    if (low_rank_settings_) {
        for (const auto& [name, pair] : low_rank_) out.insert(out.end(), {pair.a, pair.b});
    } else {
        for (const auto& [name, tensor] : tensors_) out.push_back(tensor);
    }
    return out;
}

std::uint64_t Weights::trained_parameters() const {
    std::uint64_t total = 0;
    for (const ggml_tensor* tensor : trained()) total += static_cast<std::uint64_t>(ggml_nelements(tensor));
    return total;
}

std::uint64_t Weights::parameters() const {
    std::uint64_t total = 0;
    for (const auto& [name, tensor] : tensors_) total += static_cast<std::uint64_t>(ggml_nelements(tensor));
    return total;
}

std::string Weights::digest_blocking() const {
    std::string lines;
    for (const ggml_tensor* tensor : trained()) {
        const std::vector<float> copy = values(tensor);
        const std::string_view bytes(reinterpret_cast<const char*>(copy.data()), copy.size() * sizeof(float));
        lines += fmt::format("{} {}\n", ggml_get_name(tensor), to_hex(sha256(bytes)));
    }
    return to_hex(sha256(lines));
}

std::vector<float> Weights::values(const ggml_tensor* tensor) const {
    std::vector<float> out(static_cast<std::size_t>(ggml_nelements(tensor)));
    if (tensor->type == GGML_TYPE_F32) {
        ggml_backend_tensor_get(tensor, out.data(), 0, ggml_nbytes(tensor));
        return out;
    }
    std::vector<char> raw(ggml_nbytes(tensor));
    ggml_backend_tensor_get(tensor, raw.data(), 0, raw.size());
    ggml_get_type_traits(tensor->type)->to_float(raw.data(), out.data(), ggml_nelements(tensor));
    return out;
}

}  // namespace forebay::gradients
