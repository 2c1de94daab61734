// Weights from and to GGUF files.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "gradients/gguf_file.h"
#include "gradients/weights.h"

namespace forebay::gradients {
namespace {

std::optional<std::int64_t> find_key(const gguf_context& gguf, const char* key) {
    const std::int64_t id = gguf_find_key(&gguf, key);
    return id < 0 ? std::nullopt : std::optional(id);
}

std::uint32_t number_or(const gguf_context& gguf, const char* key, std::uint32_t otherwise) {
    const auto id = find_key(gguf, key);
    return id && gguf_get_kv_type(&gguf, *id) == GGUF_TYPE_UINT32 ? gguf_get_val_u32(&gguf, *id) : otherwise;
}

double real_or(const gguf_context& gguf, const char* key, double otherwise) {
    const auto id = find_key(gguf, key);
    return id && gguf_get_kv_type(&gguf, *id) == GGUF_TYPE_FLOAT32 ? static_cast<double>(gguf_get_val_f32(&gguf, *id))
                                                                   : otherwise;
}

std::string text_or(const gguf_context& gguf, const char* key, const std::string& otherwise) {
    const auto id = find_key(gguf, key);
    return id && gguf_get_kv_type(&gguf, *id) == GGUF_TYPE_STRING ? gguf_get_val_str(&gguf, *id) : otherwise;
}

Result<LlamaShape> shape_of(const gguf_context& gguf, ggml_context& described, const std::string& file) {
    const std::string architecture = text_or(gguf, "general.architecture", "");
    if (architecture != "llama") {
        return fail(Code::invalid_argument, "{} is of architecture '{}'; only 'llama' can be trained here", file,
                    architecture);
    }
    LlamaShape shape;
    shape.layers = number_or(gguf, "llama.block_count", 0);
    shape.width = number_or(gguf, "llama.embedding_length", 0);
    shape.heads = number_or(gguf, "llama.attention.head_count", 0);
    shape.kv_heads = number_or(gguf, "llama.attention.head_count_kv", shape.heads);
    shape.feed_forward = number_or(gguf, "llama.feed_forward_length", 0);
    shape.context = number_or(gguf, "llama.context_length", 0);
    shape.rope_base = real_or(gguf, "llama.rope.freq_base", 10'000);
    shape.norm_epsilon = real_or(gguf, "llama.attention.layer_norm_rms_epsilon", 1e-5);
    const ggml_tensor* embedding = ggml_get_tensor(&described, "token_embd.weight");
    if (!embedding || shape.layers == 0 || shape.width == 0 || shape.heads == 0 || shape.kv_heads == 0 ||
        shape.feed_forward == 0 || shape.context == 0 || shape.width % shape.heads != 0 ||
        shape.heads % shape.kv_heads != 0 || embedding->ne[0] != shape.width) {
        return fail(Code::invalid_argument, "{} does not describe its shape as a Llama model does", file);
    }
    shape.vocabulary = static_cast<std::uint32_t>(embedding->ne[1]);
    shape.tied_embeddings = ggml_get_tensor(&described, "output.weight") == nullptr;
    if (number_or(gguf, "llama.expert_count", 0) != 0) {
        return fail(Code::invalid_argument, "{} is a mixture of experts, which cannot be trained here", file);
    }
    if (const std::string scaling = text_or(gguf, "llama.rope.scaling.type", "none"); scaling != "none") {
        return fail(Code::invalid_argument, "{} scales its rotary positions ('{}'), which cannot be trained here", file,
                    scaling);
    }
    if (number_or(gguf, "llama.rope.dimension_count", shape.head_width()) != shape.head_width() ||
        number_or(gguf, "llama.attention.key_length", shape.head_width()) != shape.head_width() ||
        number_or(gguf, "llama.attention.value_length", shape.head_width()) != shape.head_width()) {
        return fail(Code::invalid_argument, "{} has heads of another width than embedding_length / head_count", file);
    }
    return shape;
}

Result<void> sync_and_rename_blocking(const std::string& part, const std::string& file) {
    const int descriptor = ::open(part.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) return fail(Code::unavailable, "{}: {}", part, std::strerror(error));
    std::error_code renamed;
    std::filesystem::rename(part, file, renamed);
    if (renamed) return fail(Code::unavailable, "{}: {}", file, renamed.message());
    return {};
}

}  // namespace

void GgufTensors::add(gguf_context& gguf, const std::string& name, ggml_type type, std::int64_t inner,
                      std::int64_t outer, const std::vector<float>& values) {
    ggml_tensor* tensor = outer == 0 ? ggml_new_tensor_1d(context_.get(), type, inner)
                                     : ggml_new_tensor_2d(context_.get(), type, inner, outer);
    ggml_set_name(tensor, name.c_str());
    auto& data = data_.emplace_back(ggml_nbytes(tensor));
    if (type == GGML_TYPE_F32) {
        std::memcpy(data.data(), values.data(), data.size());
    } else {
        ggml_quantize_chunk(type, values.data(), data.data(), 0, std::max<std::int64_t>(outer, 1), inner, nullptr);
    }
    tensor->data = data.data();
    gguf_add_tensor(&gguf, tensor);
}

Result<void> write_gguf_blocking(const gguf_context& gguf, const std::string& file) {
    const std::string part = file + ".part";
    if (!gguf_write_to_file(&gguf, part.c_str(), false)) {
        const int error = errno;
        std::remove(part.c_str());
        return fail(Code::unavailable, "{} could not be written: {}", file, std::strerror(error));
    }
    return sync_and_rename_blocking(part, file);
}

Result<LlamaShape> read_shape_blocking(const std::string& file) {
    ggml_context* described = nullptr;
    const GgufPtr gguf(gguf_init_from_file(file.c_str(), {.no_alloc = true, .ctx = &described}));
    const ContextPtr owner(described);
    if (!gguf) return fail(Code::invalid_argument, "{} is not a GGUF file that can be read", file);
    return shape_of(*gguf, *described, file);
}

Result<Weights> Weights::read_blocking(const std::string& file, bool keep_types, const Device& device) {
    ggml_context* described = nullptr;
    const GgufPtr gguf(gguf_init_from_file(file.c_str(), {.no_alloc = true, .ctx = &described}));
    const ContextPtr owner(described);
    if (!gguf) return fail(Code::invalid_argument, "{} is not a GGUF file that can be read", file);
    FOREBAY_TRY(const LlamaShape shape, shape_of(*gguf, *described, file));

    Weights weights(shape, device);
    const auto plan = plan_tensors(shape);
    const auto held = static_cast<std::size_t>(gguf_get_n_tensors(gguf.get()));
    weights.context_ = new_context(plan.size());
    std::size_t found = 0;
    for (const TensorPlan& planned : plan) {
        const ggml_tensor* stored = ggml_get_tensor(described, planned.name.c_str());
        const std::int64_t outer = std::max<std::int64_t>(planned.outer, 1);
        if (!stored || stored->ne[0] != planned.inner || stored->ne[1] != outer) {
            return fail(Code::invalid_argument, "{}: the tensor '{}' is missing or not {} by {}", file, planned.name,
                        planned.inner, outer);
        }
        ++found;
        // Half-precision floats become f32 as well: they gain little, and gradients flow through f32 alone.
        const bool kept = keep_types && planned.outer != 0 && ggml_is_quantized(stored->type);
        const ggml_type type = kept ? stored->type : GGML_TYPE_F32;
        ggml_tensor* tensor = planned.outer == 0
                                  ? ggml_new_tensor_1d(weights.context_.get(), type, planned.inner)
                                  : ggml_new_tensor_2d(weights.context_.get(), type, planned.inner, planned.outer);
        ggml_set_name(tensor, planned.name.c_str());
        if (type == GGML_TYPE_F32) ggml_set_param(tensor);
        weights.tensors_[planned.name] = tensor;
    }
    if (found != held) {
        return fail(Code::invalid_argument,
                    "{} has {} tensors where a plain Llama of this shape has {}: biases, rotary factors or others "
                    "cannot be trained here",
                    file, held, found);
    }
    FOREBAY_TRY_VOID(weights.allocate());
    FOREBAY_TRY_VOID(weights.fill_from_blocking(file, *gguf, *described));
    return weights;
}

Result<void> Weights::fill_from_blocking(const std::string& file, const gguf_context& gguf, ggml_context& described) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
    if (!stream) return fail(Code::not_found, "{}: {}", file, std::strerror(errno));
    std::vector<char> raw;
    std::vector<float> values_f32;
    for (const auto& [name, tensor] : tensors_) {
        const ggml_tensor* stored = ggml_get_tensor(&described, name.c_str());
        const std::int64_t id = gguf_find_tensor(&gguf, name.c_str());
        const std::size_t offset = gguf_get_data_offset(&gguf) + gguf_get_tensor_offset(&gguf, id);
        raw.resize(ggml_nbytes(stored));
        if (::fseeko(stream.get(), static_cast<off_t>(offset), SEEK_SET) != 0 ||
            std::fread(raw.data(), 1, raw.size(), stream.get()) != raw.size()) {
            return fail(Code::invalid_argument, "{} ends in the middle of the tensor '{}'", file, name);
        }
        if (stored->type == tensor->type) {
            ggml_backend_tensor_set(tensor, raw.data(), 0, raw.size());
            continue;
        }
        const auto* traits = ggml_get_type_traits(stored->type);
        if (!traits->to_float) {
            return fail(Code::invalid_argument, "{}: the tensor '{}' is of type {}, which cannot be read as numbers",
                        file, name, traits->type_name);
        }
        values_f32.resize(static_cast<std::size_t>(ggml_nelements(stored)));
        traits->to_float(raw.data(), values_f32.data(), ggml_nelements(stored));
        ggml_backend_tensor_set(tensor, values_f32.data(), 0, values_f32.size() * sizeof(float));
    }
    return {};
}

Result<void> Weights::write_model_blocking(const std::string& file, ggml_type type,
                                           const gguf_context& metadata) const {
    GgufPtr gguf(gguf_init_empty());
    gguf_set_kv(gguf.get(), &metadata);
    const std::uint32_t file_type = type == GGML_TYPE_F32 ? 0 : type == GGML_TYPE_F16 ? 1 : 7;  // llama_ftype
    gguf_set_val_u32(gguf.get(), "general.file_type", file_type);
    gguf_set_val_u32(gguf.get(), "general.quantization_version", GGML_QNT_VERSION);
    GgufTensors tensors(tensors_.size());
    for (const auto& [name, tensor] : tensors_) {
        const bool matrix = tensor->ne[1] > 1;
        tensors.add(*gguf, name, matrix ? type : GGML_TYPE_F32, tensor->ne[0], matrix ? tensor->ne[1] : 0,
                    merged_values(name));
    }
    return write_gguf_blocking(*gguf, file);
}

}  // namespace forebay::gradients
