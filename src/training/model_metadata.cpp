#include "training/model_metadata.h"

#include <cstdint>
#include <vector>

#include "gradients/gguf_file.h"

namespace forebay::training {
namespace {

using gradients::GgufPtr;

constexpr const char* chatml =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

void set_shape(gguf_context* gguf, const Architecture& shape) {
    gguf_set_val_str(gguf, "general.architecture", "llama");
    gguf_set_val_str(gguf, "general.type", "model");
    gguf_set_val_u32(gguf, "llama.context_length", shape.context);
    gguf_set_val_u32(gguf, "llama.embedding_length", shape.width);
    gguf_set_val_u32(gguf, "llama.block_count", shape.layers);
    gguf_set_val_u32(gguf, "llama.feed_forward_length", shape.feed_forward);
    gguf_set_val_u32(gguf, "llama.attention.head_count", shape.heads);
    gguf_set_val_u32(gguf, "llama.attention.head_count_kv", shape.kv_heads);
    gguf_set_val_u32(gguf, "llama.rope.dimension_count", shape.width / shape.heads);
    gguf_set_val_f32(gguf, "llama.rope.freq_base", static_cast<float>(shape.rope_base));
    gguf_set_val_f32(gguf, "llama.attention.layer_norm_rms_epsilon", static_cast<float>(shape.norm_epsilon));
    gguf_set_val_u32(gguf, "llama.vocab_size", shape.vocabulary);
}

void set_texts(gguf_context* gguf, const char* key, const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    gguf_set_arr_str(gguf, key, pointers.data(), pointers.size());
}

void set_tokenizer(gguf_context* gguf, const tokenizer::BpeVocabulary& vocabulary) {
    constexpr std::int32_t normal = 1;  // llama_token_type
    constexpr std::int32_t control = 3;
    std::vector<std::string> tokens;
    std::vector<std::int32_t> types;
    const std::size_t first_control = vocabulary.tokens.size() - vocabulary.control.size();
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const bool is_control = id >= first_control;
        tokens.push_back(is_control ? vocabulary.tokens[id]
                                    : vocabulary.printable(static_cast<tokenizer::TokenId>(id)));
        types.push_back(is_control ? control : normal);
    }
    std::vector<std::string> merges;
    for (const auto& [left, right] : vocabulary.merges) {
        merges.push_back(vocabulary.printable(left) + " " + vocabulary.printable(right));
    }
    gguf_set_val_str(gguf, "tokenizer.ggml.model", "gpt2");
    gguf_set_val_str(gguf, "tokenizer.ggml.pre", vocabulary.pre_tokenizer.c_str());
    set_texts(gguf, "tokenizer.ggml.tokens", tokens);
    gguf_set_arr_data(gguf, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
    set_texts(gguf, "tokenizer.ggml.merges", merges);
    gguf_set_val_bool(gguf, "tokenizer.ggml.add_bos_token", false);
    for (std::size_t id = first_control; id < tokens.size(); ++id) {
        const auto number = static_cast<std::uint32_t>(id);
        if (tokens[id] == token_turn_end) {
            gguf_set_val_u32(gguf, "tokenizer.ggml.eos_token_id", number);
        } else if (tokens[id] == token_end_of_text) {
            gguf_set_val_u32(gguf, "tokenizer.ggml.bos_token_id", number);
            gguf_set_val_u32(gguf, "tokenizer.ggml.padding_token_id", number);
        }
    }
}

std::size_t token_count(const gguf_context* gguf) {
    const std::int64_t id = gguf_find_key(gguf, "tokenizer.ggml.tokens");
    return id < 0 ? 0 : gguf_get_arr_n(gguf, id);
}

}  // namespace

Result<void> write_metadata_blocking(const std::string& file, const Recipe& recipe,
                                     const tokenizer::BpeVocabulary& vocabulary) {
    const GgufPtr gguf(gguf_init_empty());
    Architecture shape = recipe.architecture;
    shape.vocabulary = static_cast<std::uint32_t>(vocabulary.tokens.size());
    set_shape(gguf.get(), shape);
    gguf_set_val_str(gguf.get(), "general.name", recipe.name.c_str());
    set_tokenizer(gguf.get(), vocabulary);
    gguf_set_val_str(gguf.get(), "tokenizer.chat_template",
                     recipe.chat_template.empty() ? chatml : recipe.chat_template.c_str());
    return gradients::write_gguf_blocking(*gguf, file);
}

Result<void> copy_metadata_blocking(const std::string& file, const Recipe& recipe, const std::string& base_file) {
    FOREBAY_TRY(const GgufPtr base, read_metadata_blocking(base_file));
    const std::size_t tokens = token_count(base.get());
    if (tokens == 0) return fail(Code::invalid_argument, "{} has no vocabulary", base_file);
    const GgufPtr gguf(gguf_init_empty());
    gguf_set_kv(gguf.get(), base.get());
    gguf_set_val_str(gguf.get(), "general.name", recipe.name.c_str());
    if (recipe.from_scratch) {
        if (tokens != recipe.architecture.vocabulary) {
            return fail(Code::invalid_argument,
                        "the vocabulary of {} has {} tokens and the recipe's architecture {}: make them equal",
                        base_file, tokens, recipe.architecture.vocabulary);
        }
        set_shape(gguf.get(), recipe.architecture);
    }
    if (!recipe.chat_template.empty()) {
        gguf_set_val_str(gguf.get(), "tokenizer.chat_template", recipe.chat_template.c_str());
    }
    return gradients::write_gguf_blocking(*gguf, file);
}

Result<GgufPtr> read_metadata_blocking(const std::string& file) {
    GgufPtr gguf(gguf_init_from_file(file.c_str(), {.no_alloc = true, .ctx = nullptr}));
    if (!gguf) return fail(Code::invalid_argument, "{} is not a GGUF file that can be read", file);
    return gguf;
}

}  // namespace forebay::training
