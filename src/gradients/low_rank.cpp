// Low-rank additions: making them, merging them, writing them as an adapter.
#include <algorithm>
#include <cmath>

#include "gradients/gguf_file.h"
#include "gradients/weights.h"

namespace forebay::gradients {

Result<void> Weights::add_low_rank_blocking(const LowRankSettings& settings, std::uint64_t seed) {
    low_rank_context_ = new_context(2 * tensors_.size());
    for (const auto& [name, tensor] : tensors_) {
        tensor->flags &= ~GGML_TENSOR_FLAG_PARAM;
        const bool wanted = std::ranges::any_of(settings.targets, [&](const std::string& target) {
            return name.starts_with("blk.") && name.ends_with("." + target + ".weight");
        });
        if (!wanted) continue;
        LowRank pair;
        pair.a = ggml_new_tensor_2d(low_rank_context_.get(), GGML_TYPE_F32, tensor->ne[0], settings.rank);
        pair.b = ggml_new_tensor_2d(low_rank_context_.get(), GGML_TYPE_F32, settings.rank, tensor->ne[1]);
        pair.scale = static_cast<float>(settings.alpha / settings.rank);
        ggml_set_name(pair.a, (name + ".lora_a").c_str());
        ggml_set_name(pair.b, (name + ".lora_b").c_str());
        ggml_set_param(pair.a);
        ggml_set_param(pair.b);
        low_rank_[name] = pair;
    }
    if (low_rank_.empty()) {
        return fail(Code::invalid_argument, "no matrix of the base is among the low-rank targets '{}'",
                    fmt::join(settings.targets, "', '"));
    }
    low_rank_settings_ = settings;
    low_rank_buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(low_rank_context_.get(),
                                                                    ggml_backend_dev_buffer_type(device_.device)));
    if (!low_rank_buffer_)
        return fail(Code::resource_exhausted, "not enough memory on {} for the adapter", device_.name);

    NormalNumbers normal(seed);
    for (const auto& [name, pair] : low_rank_) {
        std::vector<float> a(static_cast<std::size_t>(ggml_nelements(pair.a)));
        const float deviation = 1.0f / std::sqrt(static_cast<float>(pair.a->ne[0]));
        for (float& value : a) value = deviation * normal.next();
        ggml_backend_tensor_set(pair.a, a.data(), 0, ggml_nbytes(pair.a));
        ggml_backend_tensor_memset(pair.b, 0, 0, ggml_nbytes(pair.b));
    }
    return {};
}

std::vector<float> Weights::merged_values(const std::string& name) const {
    std::vector<float> out = values(find(name));
    const LowRank* pair = low_rank_of(name);
    if (!pair) return out;
    const std::vector<float> a = values(pair->a);
    const std::vector<float> b = values(pair->b);
    const auto inner = static_cast<std::size_t>(pair->a->ne[0]);
    const auto rank = static_cast<std::size_t>(pair->a->ne[1]);
    const auto outer = static_cast<std::size_t>(pair->b->ne[1]);
    for (std::size_t row = 0; row < outer; ++row) {
        for (std::size_t r = 0; r < rank; ++r) {
            const float factor = pair->scale * b[row * rank + r];
            for (std::size_t i = 0; i < inner; ++i) out[row * inner + i] += factor * a[r * inner + i];
        }
    }
    return out;
}

Result<void> Weights::write_adapter_blocking(const std::string& file, const std::string& name) const {
    FOREBAY_CHECK(low_rank_settings_.has_value());
    GgufPtr gguf(gguf_init_empty());
    gguf_set_val_str(gguf.get(), "general.type", "adapter");
    gguf_set_val_str(gguf.get(), "general.architecture", "llama");
    gguf_set_val_str(gguf.get(), "general.name", name.c_str());
    gguf_set_val_str(gguf.get(), "adapter.type", "lora");
    gguf_set_val_f32(gguf.get(), "adapter.lora.alpha", static_cast<float>(low_rank_settings_->alpha));
    GgufTensors tensors(2 * low_rank_.size());
    for (const auto& [matrix, pair] : low_rank_) {
        tensors.add(*gguf, matrix + ".lora_a", GGML_TYPE_F32, pair.a->ne[0], pair.a->ne[1], values(pair.a));
        tensors.add(*gguf, matrix + ".lora_b", GGML_TYPE_F32, pair.b->ne[0], pair.b->ne[1], values(pair.b));
    }
    return write_gguf_blocking(*gguf, file);
}

}  // namespace forebay::gradients
