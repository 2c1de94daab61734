#include "gguf_file.h"

#include <ggml.h>
#include <gguf.h>

#include <cstdio>
#include <cstring>
#include <memory>

namespace forebay::tiny {
namespace {

constexpr const char* chat_template =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + "
    "'\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

struct FreeGguf {
    void operator()(gguf_context* context) const { gguf_free(context); }
};
struct FreeGgml {
    void operator()(ggml_context* context) const { ggml_free(context); }
};

void set_hyperparameters(gguf_context* file, const Shape& shape) {
    gguf_set_val_u32(file, "llama.context_length", context_tokens);
    gguf_set_val_u32(file, "llama.embedding_length", shape.embedding);
    gguf_set_val_u32(file, "llama.block_count", shape.layers);
    gguf_set_val_u32(file, "llama.feed_forward_length", shape.feed_forward);
    gguf_set_val_u32(file, "llama.attention.head_count", shape.heads);
    gguf_set_val_u32(file, "llama.attention.head_count_kv", shape.heads_kv);
    gguf_set_val_u32(file, "llama.attention.key_length", shape.head_size);
    gguf_set_val_u32(file, "llama.attention.value_length", shape.head_size);
    gguf_set_val_u32(file, "llama.rope.dimension_count", shape.head_size);
    gguf_set_val_f32(file, "llama.rope.freq_base", 10000.0f);
    gguf_set_val_f32(file, "llama.attention.layer_norm_rms_epsilon", 1e-6f);
}

void set_vocabulary(gguf_context* file, const Vocabulary& vocabulary) {
    std::vector<const char*> texts;
    std::vector<float> scores;
    std::vector<std::int32_t> kinds;
    for (const Token& token : vocabulary.tokens) {
        texts.push_back(token.text.c_str());
        scores.push_back(token.score);
        kinds.push_back(static_cast<std::int32_t>(token.kind));
    }
    gguf_set_val_u32(file, "llama.vocab_size", static_cast<std::uint32_t>(texts.size()));
    gguf_set_val_str(file, "tokenizer.ggml.model", "llama");
    gguf_set_arr_str(file, "tokenizer.ggml.tokens", texts.data(), texts.size());
    gguf_set_arr_data(file, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32, scores.data(), scores.size());
    gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, kinds.data(), kinds.size());
    gguf_set_val_u32(file, "tokenizer.ggml.unknown_token_id", token_unknown);
    gguf_set_val_u32(file, "tokenizer.ggml.bos_token_id", token_begin);
    gguf_set_val_u32(file, "tokenizer.ggml.eos_token_id", token_end);
    gguf_set_val_bool(file, "tokenizer.ggml.add_bos_token", true);
    gguf_set_val_bool(file, "tokenizer.ggml.add_eos_token", false);
    gguf_set_val_bool(file, "tokenizer.ggml.add_space_prefix", false);
    gguf_set_val_str(file, "tokenizer.chat_template", chat_template);
}

// Copies the tensors into `memory` and lists them in `file`.
void add_tensors(gguf_context* file, ggml_context* memory, const std::vector<Tensor>& tensors) {
    for (const Tensor& tensor : tensors) {
        ggml_tensor* copy = tensor.rows == 1 ? ggml_new_tensor_1d(memory, GGML_TYPE_F32, tensor.columns)
                                             : ggml_new_tensor_2d(memory, GGML_TYPE_F32, tensor.columns, tensor.rows);
        ggml_set_name(copy, tensor.name.c_str());
        std::memcpy(copy->data, tensor.values.data(), tensor.values.size() * sizeof(float));
        gguf_add_tensor(file, copy);
    }
}

}  // namespace

Result<void> write_gguf(const std::string& path, const std::string& name, const Vocabulary& vocabulary,
                        const Weights& weights) {
    const std::unique_ptr<gguf_context, FreeGguf> file(gguf_init_empty());
    gguf_set_val_str(file.get(), "general.architecture", "llama");
    gguf_set_val_str(file.get(), "general.name", name.c_str());
    gguf_set_val_str(file.get(), "general.description", "a toy that shows the plumbing; computed, not trained");
    gguf_set_val_u32(file.get(), "general.file_type", 0);
    set_hyperparameters(file.get(), weights.shape);
    set_vocabulary(file.get(), vocabulary);

    std::size_t bytes = 0;
    for (const Tensor& tensor : weights.tensors) {
        bytes += tensor.values.size() * sizeof(float) + ggml_tensor_overhead() + 64;
    }
    const std::unique_ptr<ggml_context, FreeGgml> memory(ggml_init({bytes, nullptr, false}));
    add_tensors(file.get(), memory.get(), weights.tensors);

    const std::string part = path + ".part";
    if (!gguf_write_to_file(file.get(), part.c_str(), false)) {
        std::remove(part.c_str());
        return fail(Code::unavailable, "cannot write {}", part);
    }
    if (std::rename(part.c_str(), path.c_str()) != 0) {
        std::remove(part.c_str());
        return fail(Code::unavailable, "cannot rename {} to {}", part, path);
    }
    return {};
}

}  // namespace forebay::tiny
