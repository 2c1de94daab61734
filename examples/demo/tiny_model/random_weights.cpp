#include <algorithm>
#include <cmath>
#include <random>

#include "weights.h"

namespace forebay::tiny {
namespace {

// Values of mean 0 and the given deviation. The sum of four uniform numbers is close enough to a bell
// and, unlike std::normal_distribution, the same with every standard library.
class Noise {
public:
    explicit Noise(std::uint64_t seed) : engine_(seed) {}

    Tensor matrix(std::string name, std::uint32_t columns, std::uint32_t rows, float deviation) {
        Tensor tensor{std::move(name), columns, rows, {}};
        tensor.values.reserve(std::size_t{columns} * rows);
        for (std::size_t i = 0; i < std::size_t{columns} * rows; ++i) tensor.values.push_back(next() * deviation);
        return tensor;
    }

private:
    float next() {
        float sum = 0;
        for (int i = 0; i < 4; ++i) sum += static_cast<float>(engine_() >> 40) / static_cast<float>(1 << 24);
        return (sum - 2) * std::sqrt(3.0f);
    }
    std::mt19937_64 engine_;
};

Tensor ones(std::string name, std::uint32_t size) { return {std::move(name), size, 1, std::vector<float>(size, 1.0f)}; }

}  // namespace

Weights make_random_weights(const Vocabulary& vocabulary, std::uint64_t seed) {
    constexpr Shape shape{
        .embedding = 64, .layers = 2, .heads = 4, .heads_kv = 2, .head_size = 16, .feed_forward = 128};
    const auto tokens = static_cast<std::uint32_t>(vocabulary.tokens.size());
    const float unit = 1 / std::sqrt(static_cast<float>(shape.embedding));
    Noise noise(seed);

    std::vector<Tensor> tensors;
    tensors.push_back(noise.matrix("token_embd.weight", shape.embedding, tokens, 1));
    tensors.push_back(ones("output_norm.weight", shape.embedding));
    // Logits of deviation 3. Control tokens get 0, so that greedy output practically never ends by itself.
    Tensor output = noise.matrix("output.weight", shape.embedding, tokens, 3 * unit);
    for (std::uint32_t row = 0; row < tokens; ++row) {
        const TokenKind kind = vocabulary.tokens[row].kind;
        if (kind != TokenKind::control && kind != TokenKind::unknown) continue;
        const auto begin = output.values.begin() + static_cast<std::ptrdiff_t>(std::size_t{row} * shape.embedding);
        std::fill(begin, begin + shape.embedding, 0.0f);
    }
    tensors.push_back(std::move(output));
    for (std::uint32_t layer = 0; layer < shape.layers; ++layer) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        const std::uint32_t queries = shape.heads * shape.head_size;
        const std::uint32_t keys = shape.heads_kv * shape.head_size;
        tensors.push_back(ones(block + "attn_norm.weight", shape.embedding));
        // Twice the usual deviation makes attention pick few positions instead of averaging all.
        tensors.push_back(noise.matrix(block + "attn_q.weight", shape.embedding, queries, 2 * unit));
        tensors.push_back(noise.matrix(block + "attn_k.weight", shape.embedding, keys, 2 * unit));
        tensors.push_back(noise.matrix(block + "attn_v.weight", shape.embedding, keys, 2 * unit));
        tensors.push_back(noise.matrix(block + "attn_output.weight", queries, shape.embedding, unit));
        tensors.push_back(ones(block + "ffn_norm.weight", shape.embedding));
        tensors.push_back(noise.matrix(block + "ffn_gate.weight", shape.embedding, shape.feed_forward, 2 * unit));
        tensors.push_back(noise.matrix(block + "ffn_up.weight", shape.embedding, shape.feed_forward, unit));
        tensors.push_back(noise.matrix(block + "ffn_down.weight", shape.feed_forward, shape.embedding, unit));
    }
    return {shape, std::move(tensors)};
}

}  // namespace forebay::tiny
