// The tensors of a toy model.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "vocabulary.h"

namespace forebay::tiny {

// Numbers of a llama-architecture model, as GGUF's metadata name them.
struct Shape {
    std::uint32_t embedding = 0;
    std::uint32_t layers = 1;
    std::uint32_t heads = 1;
    std::uint32_t heads_kv = 1;
    std::uint32_t head_size = 32;
    std::uint32_t feed_forward = 32;
};

struct Tensor {
    std::string name;
    std::uint32_t columns = 0;  // the contiguous dimension
    std::uint32_t rows = 1;     // 1: a vector
    std::vector<float> values;  // rows times columns
};

struct Weights {
    Shape shape;
    std::vector<Tensor> tensors;
};

// Next-word frequencies of the sentences; nothing random.
Weights make_story_weights(const Vocabulary& vocabulary, const std::vector<Sentence>& sentences);
// Two layers of attention with weights drawn from `seed`; the same everywhere.
Weights make_random_weights(const Vocabulary& vocabulary, std::uint64_t seed);

}  // namespace forebay::tiny
