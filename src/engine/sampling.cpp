#include "engine/sampling.h"

#include <cmath>

#include "base/random.h"

namespace forebay::engine {
namespace {

// The generator takes 32 bits, and reads its largest value as "pick one yourself".
std::uint32_t fold_seed(std::int64_t seed) {
    const auto bits = static_cast<std::uint64_t>(seed);
    const auto folded = static_cast<std::uint32_t>(bits ^ (bits >> 32));
    return folded == LLAMA_DEFAULT_SEED ? folded - 1 : folded;
}

std::int64_t random_seed() {
    std::uint32_t seed = 0;
    fill_random({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
    return seed;
}

Result<void> check_range(const char* field, float value, float least, float most) {
    if (value >= least && value <= most) return {};
    return fail_field(field, fmt::format("{} must be between {} and {}", field, least, most));
}

}  // namespace

Result<void> check_sampling(const Sampling& sampling, std::int32_t vocabulary_tokens) {
    FOREBAY_TRY_VOID(check_range("temperature", sampling.temperature, 0, 100));
    FOREBAY_TRY_VOID(check_range("top_p", sampling.top_p, 0, 1));
    FOREBAY_TRY_VOID(check_range("min_p", sampling.min_p, 0, 1));
    FOREBAY_TRY_VOID(check_range("presence_penalty", sampling.presence_penalty, -100, 100));
    FOREBAY_TRY_VOID(check_range("frequency_penalty", sampling.frequency_penalty, -100, 100));
    if (sampling.top_k < 0) return fail_field("top_k", "top_k must be 0 (all) or more");
    for (const auto& [token, bias] : sampling.logit_bias) {
        if (token < 0 || token >= vocabulary_tokens) {
            return fail_field("logit_bias", fmt::format("logit_bias names token {}; this model has tokens 0 to {}",
                                                        token, vocabulary_tokens - 1));
        }
        if (!std::isfinite(bias)) return fail_field("logit_bias", "logit_bias values must be numbers");
    }
    return {};
}

Sampler::Sampler(const Sampling& sampling)
    : sampling_(sampling), seed_(sampling.seed >= 0 ? sampling.seed : random_seed()) {
    for (const auto& [token, bias] : sampling.logit_bias) adjustments_[token].added = bias;
    if (sampling.temperature <= 0) return;
    chain_.reset(llama_sampler_chain_init({.no_perf = true}));
    if (sampling.top_k > 0) llama_sampler_chain_add(chain_.get(), llama_sampler_init_top_k(sampling.top_k));
    if (sampling.top_p < 1) llama_sampler_chain_add(chain_.get(), llama_sampler_init_top_p(sampling.top_p, 1));
    if (sampling.min_p > 0) llama_sampler_chain_add(chain_.get(), llama_sampler_init_min_p(sampling.min_p, 1));
    llama_sampler_chain_add(chain_.get(), llama_sampler_init_dist(fold_seed(seed_)));
}

Result<llama_token> Sampler::choose(std::span<const float> logits, Candidates& candidates) {
    const llama_token token = chain_ ? draw(logits, candidates) : largest(logits);
    if (token < 0 || !std::isfinite(logits[static_cast<std::size_t>(token)])) {
        return fail(Code::internal, "the model's output is not a number; its file may be damaged");
    }
    if (sampling_.presence_penalty != 0 || sampling_.frequency_penalty != 0) {
        Adjustment& adjustment = adjustments_[token];
        adjustment.added -= sampling_.frequency_penalty + (adjustment.generated ? 0 : sampling_.presence_penalty);
        adjustment.generated = true;
    }
    return token;
}

llama_token Sampler::largest(std::span<const float> logits) const {
    llama_token best = -1;
    float best_logit = -INFINITY;
    auto adjusted = adjustments_.begin();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const auto token = static_cast<llama_token>(i);
        float logit = logits[i];
        if (adjusted != adjustments_.end() && adjusted->first == token) logit += (adjusted++)->second.added;
        if (logit > best_logit) {
            best = token;
            best_logit = logit;
        }
    }
    return best;
}

llama_token Sampler::draw(std::span<const float> logits, Candidates& candidates) {
    candidates.resize(logits.size());
    const float scale = 1 / sampling_.temperature;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        candidates[i] = {static_cast<llama_token>(i), logits[i] * scale, 0};
    }
    for (const auto& [token, adjustment] : adjustments_) {
        candidates[static_cast<std::size_t>(token)].logit += adjustment.added * scale;
    }
    llama_token_data_array array{candidates.data(), candidates.size(), -1, false};
    llama_sampler_apply(chain_.get(), &array);
    return array.selected < 0 ? -1 : array.data[array.selected].id;
}

}  // namespace forebay::engine
