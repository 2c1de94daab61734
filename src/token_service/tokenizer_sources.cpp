#include "token_service/tokenizer_sources.h"

#include "token_service/llama_tokenizer.h"
#include "token_service/template_counter.h"
#include "tokenizer/built_in.h"
#include "tokenizer/open_tokenizer.h"

namespace forebay::token_service {

Result<tokenizer::TokenizerPtr> open_file_blocking(const std::string& file, const std::string& cache_folder) {
    auto opened = tokenizer::open_tokenizer_blocking(file, {.cache_folder = cache_folder});
    if (opened || opened.error().code != Code::unavailable || !file.ends_with(".gguf")) return opened;
    return open_llama_tokenizer_blocking(file);
}

TokenizerSet::Sources system_sources(std::string cache_folder) {
    return {
        .built_in_names =
            [] {
                const auto names = tokenizer::built_in_names();
                return std::vector<std::string>(names.begin(), names.end());
            },
        .built_in = [](const std::string& name) { return tokenizer::built_in_tokenizer(name); },
        .from_file =
            [folder = std::move(cache_folder)](const std::string& file) { return open_file_blocking(file, folder); },
        .from_gguf = open_template_counter_blocking,
    };
}

}  // namespace forebay::token_service
