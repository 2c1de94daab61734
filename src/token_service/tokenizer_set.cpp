#include "token_service/tokenizer_set.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace forebay::token_service {
namespace {

bool is_file(std::string_view tokenizer) { return tokenizer.contains('/'); }

// A file as it is now: another one under the same name has another key.
Result<std::string> key_of_file(const std::string& file) {
    struct ::stat facts{};
    if (::stat(file.c_str(), &facts) != 0) {
        const Code code = errno == ENOENT ? Code::not_found : Code::unavailable;
        return std::unexpected(
            Error{code, fmt::format("the file '{}' cannot be read: {}", file, std::strerror(errno)), {}});
    }
    return fmt::format("file:{}:{}:{}:{}.{}", file, facts.st_ino, facts.st_size, facts.st_mtim.tv_sec,
                       facts.st_mtim.tv_nsec);
}

}  // namespace

template <class Make>
Result<ChatCounterPtr> TokenizerSet::shared(const std::string& key, Make make) {
    if (auto known = open_[key].lock()) return known;
    FOREBAY_TRY(ChatCounterPtr made, make());
    open_[key] = made;
    return made;
}

Result<ChatCounterPtr> TokenizerSet::built_in(const std::string& name, ChatFormat format, bool published) {
    const std::string key = fmt::format("{}:{}:{}", name_of(format), name, published);
    return shared(key, [&]() -> Result<ChatCounterPtr> {
        FOREBAY_TRY(auto tokenizer, sources_.built_in(name));
        if (format == ChatFormat::harmony) return make_harmony_counter(std::move(tokenizer));
        return make_openai_counter(std::move(tokenizer), published);
    });
}

Result<ChatCounterPtr> TokenizerSet::estimate(const Family& family) {
    return shared(fmt::format("estimate:{}", family.name), [&]() -> Result<ChatCounterPtr> {
        FOREBAY_TRY(auto base, sources_.built_in("o200k_base"));
        return make_estimate(std::move(base), family);
    });
}

Result<ChatCounterPtr> TokenizerSet::from_file(const std::string& file) {
    FOREBAY_TRY(const std::string key, key_of_file(file));
    return shared(key, [&]() -> Result<ChatCounterPtr> {
        FOREBAY_TRY(auto tokenizer, sources_.from_file(file));
        if (file.ends_with(".gguf")) return sources_.from_gguf(file, std::move(tokenizer));
        return make_openai_counter(std::move(tokenizer), false);
    });
}

Result<ChatCounterPtr> TokenizerSet::counter_of_model_blocking(std::string_view model) {
    const ModelRow& row = find_model(model);
    if (row.format == ChatFormat::estimate) return estimate(*row.family);
    return built_in(std::string(row.tokenizer), row.format, row.published);
}

Result<ChatCounterPtr> TokenizerSet::counter_of_tokenizer_blocking(const std::string& tokenizer,
                                                                   std::string_view model) {
    if (is_file(tokenizer)) return from_file(tokenizer);
    const ModelRow& row = find_model(model);
    if (tokenizer == "estimate") return estimate(row.family ? *row.family : *generic_estimate().family);
    const auto names = sources_.built_in_names();
    if (std::ranges::find(names, tokenizer) == names.end()) {
        // The name itself is left out: it may have come from the environment.
        return fail(Code::not_found,
                    "there is no built-in tokenizer of that name; there are {}; or write 'estimate', or a file "
                    "(.gguf, tokenizer.json, .tiktoken)",
                    fmt::join(names, ", "));
    }
    const bool harmony = tokenizer == "o200k_harmony";
    const bool published = row.published && row.tokenizer == tokenizer;
    return built_in(tokenizer, harmony ? ChatFormat::harmony : ChatFormat::openai, published);
}

Result<TargetTokens> TokenizerSet::open_target(const config::Settings& settings, const config::ModelSettings& model,
                                               const config::Target& target) {
    TargetTokens out;
    out.context_tokens = model.context_tokens;
    if (const auto runtime = settings.runtimes.find(target.runtime);
        runtime != settings.runtimes.end() && !runtime->second.model.empty()) {
        const std::uint64_t cells = runtime->second.context_tokens;
        out.context_tokens = out.context_tokens == 0 ? cells : std::min(out.context_tokens, cells);
        auto counter = from_file(runtime->second.model);
        if (counter) out.counter = std::move(*counter);
        else log::warning("the calls of runtime '{}' are not counted: {}", target.runtime, counter.error().message);
        return out;
    }
    const std::string& name = target.model.empty() ? model.name : target.model;
    const ModelRow& row = find_model(name);
    if (out.context_tokens == 0 && target.runtime.empty()) out.context_tokens = row.context_tokens;
    auto counter = model.tokenizer.empty() ? counter_of_model_blocking(name)
                                           : counter_of_tokenizer_blocking(model.tokenizer, name);
    if (!counter) {
        return fail(Code::invalid_argument, "models.{}.tokenizer: {}", model.name, counter.error().message);
    }
    out.counter = std::move(*counter);
    out.counts_answer = target.runtime.empty() && row.format != ChatFormat::estimate;
    return out;
}

Result<ModelTokens> TokenizerSet::open_blocking(const config::Settings& settings) {
    ModelTokens out;
    for (const auto& [name, model] : settings.models) {
        auto& targets = out[name];
        for (const auto& target : model.targets) {
            FOREBAY_TRY(TargetTokens tokens, open_target(settings, model, target));
            targets.push_back(std::move(tokens));
        }
    }
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    return out;
}

}  // namespace forebay::token_service
