// Choosing the next token from the logits of one call.
//
// Order: logit_bias and penalties, temperature, top_k, top_p, min_p, then a seeded draw; with temperature
// 0 the largest logit after bias and penalties. Penalties count generated tokens only.
#pragma once
#include <llama-cpp.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace forebay::engine {

// Room for one candidate per token of the vocabulary, shared by all samplers of a thread.
using Candidates = std::vector<llama_token_data>;

// invalid_argument, naming the field: out of range, not a number, or a token that does not exist.
Result<void> check_sampling(const Sampling& sampling, std::int32_t vocabulary_tokens);

class Sampler {
public:
    // `sampling` has passed check_sampling.
    explicit Sampler(const Sampling& sampling);

    // The token to append; `logits` holds one value per token of the vocabulary. internal: the model's
    // output is not a number.
    Result<llama_token> choose(std::span<const float> logits, Candidates& candidates);
    // The seed in use: the request's, or the one drawn for it.
    std::int64_t seed() const { return seed_; }

private:
    struct Adjustment {
        float added = 0;  // to the token's logit, by bias and penalties
        bool generated = false;
    };
    llama_token largest(std::span<const float> logits) const;
    llama_token draw(std::span<const float> logits, Candidates& candidates);

    Sampling sampling_;
    std::int64_t seed_;
    llama_sampler_ptr chain_;  // none for greedy
    std::map<llama_token, Adjustment> adjustments_;
};

}  // namespace forebay::engine
