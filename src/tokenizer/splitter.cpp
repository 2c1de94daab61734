#include "tokenizer/splitter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tokenizer/splitters/families.h"

namespace forebay::tokenizer {
namespace {

struct Row {
    std::string_view name;
    MakeSplitter make;
};

// In alphabetical order. Names that llama.cpp has for the same rule are all here; "default" is the rule of a GGUF file
// that names none.
constexpr Row rows[] = {
    {"a.x-4.0", make_gpt2},
    {"afmoe", make_afmoe},
    {"bailingmoe", make_qwen2},
    {"bailingmoe2", make_qwen2},
    {"bloom", make_poro},
    {"chameleon", make_chameleon},
    {"chatglm-bpe", make_llama3},
    {"cl100k_base", make_cl100k},
    {"codeshell", make_starcoder},
    {"cohere2moe", make_tiny_aya},
    {"command-r", make_starcoder},
    {"dbrx", make_llama3},
    {"deepseek-coder", make_deepseek_coder},
    {"deepseek-llm", make_deepseek_llm},
    {"deepseek-r1-qwen", make_qwen2},
    {"deepseek-v3", make_deepseek_v3},
    {"default", make_default},
    {"exaone", make_starcoder},
    {"exaone-moe", make_exaone_moe},
    {"exaone4", make_gpt2},
    {"f2llmv2", make_qwen2},
    {"falcon", make_falcon},
    {"falcon-h1", make_llama3},
    {"falcon3", make_llama3},
    {"gemma4", make_lines},
    {"gigachat", make_gpt2},
    {"glm4", make_llama3},
    {"gpt-2", make_gpt2},
    {"gpt-4o", make_gpt4o},
    {"gpt3-finnish", make_poro},
    {"granite-docling", make_gpt2},
    {"granite-embed-multi-311m", make_lines},
    {"granite-embed-multi-97m", make_granite_multi},
    {"grok-2", make_qwen2},
    {"hunyuan", make_qwen2},
    {"hunyuan-dense", make_deepseek_v3},
    {"hy_v4", make_deepseek_v3},
    {"jais", make_gpt2},
    {"jais-2", make_jais2},
    {"jina-de", make_gpt2},
    {"jina-es", make_gpt2},
    {"jina-v1-en", make_gpt2},
    {"jina-v2-code", make_gpt2},
    {"jina-v2-de", make_gpt2},
    {"jina-v2-es", make_gpt2},
    {"jina-v5-nano", make_llama3},
    {"joyai-llm", make_deepseek_v3},
    {"kanana2", make_gpt4o},
    {"kimi-k2", make_kimi_k2},
    {"kormo", make_qwen2},
    {"laguna", make_laguna},
    {"lfm2", make_llama3},
    {"llada-moe", make_qwen2},
    {"llama-bpe", make_llama3},
    {"llama-v3", make_llama3},
    {"llama3", make_llama3},
    {"llama4", make_gpt4o},
    {"megrez", make_qwen2},
    {"mellum", make_gpt2},
    {"mellum2", make_starcoder},
    {"midm-2.0", make_llama3},
    {"minerva-7b", make_starcoder},
    {"minicpm5", make_minicpm5},
    {"minimax-m2", make_gpt4o},
    {"modern-bert", make_gpt2},
    {"mpt", make_gpt2},
    {"o200k_base", make_o200k},
    {"o200k_harmony", make_o200k},
    {"olmo", make_gpt2},
    {"p50k_base", make_r50k},
    {"p50k_edit", make_r50k},
    {"phi-2", make_gpt2},
    {"pixtral", make_llama3},
    {"poro-chat", make_poro},
    {"qwen2", make_qwen2},
    {"qwen35", make_qwen35},
    {"r50k_base", make_r50k},
    {"refact", make_starcoder},
    {"roberta-bpe", make_gpt2},
    {"sarvam-moe", make_lines},
    {"seed-coder", make_seed_coder},
    {"smaug-bpe", make_llama3},
    {"smollm", make_starcoder},
    {"solar-open", make_qwen2},
    {"spark2_5", make_spark},
    {"stablelm2", make_qwen2},
    {"starcoder", make_starcoder},
    {"superbpe", make_superbpe},
    {"talkie", make_gpt4o},
    {"tekken", make_tekken},
    {"tiny_aya", make_tiny_aya},
    {"trillion", make_gpt2},
    {"ufakzeka", make_ufakzeka},
    {"viking", make_viking},
    {"whitespace", make_whitespace},
    {"youtu", make_youtu},
};
static_assert(std::ranges::is_sorted(rows, {}, &Row::name));

const Row* find_row(std::string_view name) {
    const auto row = std::ranges::lower_bound(rows, name, {}, &Row::name);
    return row != std::end(rows) && row->name == name ? row : nullptr;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// The names that begin most like `name`: those that are meant, often.
std::string nearest(std::string_view name) {
    std::size_t longest = 0;
    for (const Row& row : rows) longest = std::max(longest, common_prefix(name, row.name));
    std::string names;
    for (const Row& row : rows) {
        if (longest > 0 && common_prefix(name, row.name) < longest) continue;
        if (!names.empty()) names += ", ";
        names += row.name;
    }
    return names;
}

}  // namespace

std::vector<std::string_view> rule_names() {
    std::vector<std::string_view> names;
    for (const Row& row : rows) {
        const Row* first = std::ranges::find(rows, row.make, &Row::make);
        if (first == &row) names.push_back(row.name);
    }
    return names;
}

Result<std::unique_ptr<Splitter>> make_splitter(std::string_view name, Pace pace) {
    const Row* row = find_row(name);
    if (row == nullptr) {
        return fail(Code::not_found, "there is no pre-tokenizer '{}'; near that name there are: {}", name,
                    nearest(name));
    }
    return row->make(row->name, pace);
}

Result<const Splitter*> find_splitter(std::string_view name) {
    // Made when first asked for: a table takes some milliseconds, and a program asks for few.
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<Splitter>, std::less<>> made;
    const std::lock_guard lock(mutex);
    if (const auto place = made.find(name); place != made.end()) return place->second.get();
    FOREBAY_TRY(auto splitter, make_splitter(name, Pace::fast));
    return made.emplace(std::string(name), std::move(splitter)).first->second.get();
}

}  // namespace forebay::tokenizer
