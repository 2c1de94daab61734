#include "app/gguf_facts.h"

#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/json.h"
#include "engine/gguf_check.h"

namespace forebay::app {
namespace {

struct FreeGguf {
    void operator()(gguf_context* context) const { gguf_free(context); }
};

// A value of the file, where it is there and of the type that is asked for.
class Metadata {
public:
    explicit Metadata(const gguf_context& file) : file_(file) {}

    std::string text(const std::string& key) const {
        const auto at = find(key, GGUF_TYPE_STRING);
        return at < 0 ? std::string() : gguf_get_val_str(&file_, at);
    }
    std::uint64_t number(const std::string& key) const {
        if (const auto at = find(key, GGUF_TYPE_UINT32); at >= 0) return gguf_get_val_u32(&file_, at);
        if (const auto at = find(key, GGUF_TYPE_UINT64); at >= 0) return gguf_get_val_u64(&file_, at);
        if (const auto at = find(key, GGUF_TYPE_UINT16); at >= 0) return gguf_get_val_u16(&file_, at);
        if (const auto at = find(key, GGUF_TYPE_INT32); at >= 0)
            return static_cast<std::uint64_t>(std::max(gguf_get_val_i32(&file_, at), 0));
        return 0;
    }
    std::uint64_t list_size(const std::string& key) const {
        const auto at = find(key, GGUF_TYPE_ARRAY);
        return at < 0 ? 0 : gguf_get_arr_n(&file_, at);
    }

private:
    std::int64_t find(const std::string& key, gguf_type type) const {
        const std::int64_t at = gguf_find_key(&file_, key.c_str());
        return at >= 0 && gguf_get_kv_type(&file_, at) == type ? at : -1;
    }
    const gguf_context& file_;
};

void count_parameters(const gguf_context& file, GgufFacts& facts) {
    std::map<ggml_type, std::uint64_t> by_type;
    for (std::int64_t i = 0; i < gguf_get_n_tensors(&file); ++i) {
        const std::int64_t* sizes = gguf_get_tensor_ne(&file, i);
        std::uint64_t elements = 1;
        for (int dimension = 0; dimension < GGML_MAX_DIMS; ++dimension)
            elements *= static_cast<std::uint64_t>(sizes[dimension]);
        facts.parameters += elements;
        by_type[gguf_get_tensor_type(&file, i)] += elements;
    }
    if (by_type.empty()) return;
    const auto most = std::ranges::max_element(by_type, {}, [](const auto& entry) { return entry.second; });
    facts.weights = ggml_type_name(most->first);
}

}  // namespace

Result<GgufFacts> read_gguf_facts_blocking(const std::string& file) {
    FOREBAY_TRY_VOID(engine::check_gguf_blocking(file));
    const std::unique_ptr<gguf_context, FreeGguf> opened(gguf_init_from_file(file.c_str(), {true, nullptr}));
    if (!opened) return fail(Code::unavailable, "'{}' changed while it was read", file);
    const Metadata metadata(*opened);
    const std::string type = metadata.text("general.type");
    if (!type.empty() && type != "model" && type != "adapter")
        return fail(Code::invalid_argument, "'{}' is a GGUF of the type '{}'; models and adapters are registered", file,
                    type);
    if (const auto parts = metadata.number("split.count"); parts > 1)
        return fail(Code::invalid_argument,
                    "'{}' is one of {} parts of a model; join them with llama-gguf-split --merge", file, parts);
    if (gguf_get_n_tensors(opened.get()) == 0)
        return fail(Code::invalid_argument, "'{}' has no weights: a vocabulary alone is not a model", file);

    GgufFacts facts;
    facts.kind = type == "adapter" ? registry::Kind::adapter : registry::Kind::model;
    facts.architecture = metadata.text("general.architecture");
    facts.name = metadata.text("general.name");
    facts.context_tokens = metadata.number(facts.architecture + ".context_length");
    facts.layers = metadata.number(facts.architecture + ".block_count");
    facts.width = metadata.number(facts.architecture + ".embedding_length");
    facts.vocabulary_tokens = metadata.list_size("tokenizer.ggml.tokens");
    facts.chat_template = !metadata.text("tokenizer.chat_template").empty();
    count_parameters(*opened, facts);
    return facts;
}

std::string to_json(const GgufFacts& facts) {
    std::string out;
    json::ObjectWriter object(out);
    object.field("architecture", facts.architecture);
    if (!facts.name.empty()) object.field("general_name", facts.name);
    object.field("parameters", facts.parameters);
    object.field("weights", facts.weights);
    if (facts.context_tokens > 0) object.field("context_tokens", facts.context_tokens);
    if (facts.layers > 0) object.field("layers", facts.layers);
    if (facts.width > 0) object.field("width", facts.width);
    if (facts.vocabulary_tokens > 0) object.field("vocabulary_tokens", facts.vocabulary_tokens);
    if (facts.kind == registry::Kind::model) object.field("chat_template", facts.chat_template);
    object.close();
    return out;
}

std::string to_line(const GgufFacts& facts) {
    return fmt::format("{}, {:.1f} M parameters, {}", facts.architecture.empty() ? "?" : facts.architecture,
                       static_cast<double>(facts.parameters) / 1e6, facts.weights);
}

}  // namespace forebay::app
