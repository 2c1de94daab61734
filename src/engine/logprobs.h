// Natural logarithms of probabilities, from raw logits: before temperature, penalties and bias.
#pragma once
#include <llama.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace forebay::engine {

// The number to subtract from a logit to get its logprob. One pass for the maximum, one for the sum.
float log_sum_exp(std::span<const float> logits);

// The `count` tokens of largest logit, best first; ties by lower token. One pass, O(count) memory.
std::vector<std::pair<llama_token, float>> largest_logits(std::span<const float> logits, std::uint32_t count);

}  // namespace forebay::engine
