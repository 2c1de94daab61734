#include "engine/logprobs.h"

#include <algorithm>
#include <cmath>

namespace forebay::engine {

float log_sum_exp(std::span<const float> logits) {
    const float largest = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(logit - largest);
    return largest + static_cast<float>(std::log(sum));
}

std::vector<std::pair<llama_token, float>> largest_logits(std::span<const float> logits, std::uint32_t count) {
    std::vector<std::pair<llama_token, float>> best;
    if (count == 0) return best;
    best.reserve(std::size_t{count} + 1);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (best.size() == count && logits[i] <= best.back().second) continue;
        const auto less = [](float logit, const auto& entry) { return logit > entry.second; };
        best.insert(std::upper_bound(best.begin(), best.end(), logits[i], less),
                    {static_cast<llama_token>(i), logits[i]});
        if (best.size() > count) best.pop_back();
    }
    return best;
}

}  // namespace forebay::engine
