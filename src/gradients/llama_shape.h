// The shape of a Llama-style decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
#pragma once
#include <cstdint>

namespace forebay::gradients {

struct LlamaShape {
    std::uint32_t layers = 6;
    std::uint32_t width = 256;         // of the residual stream; a multiple of heads
    std::uint32_t heads = 4;           // width / heads is even
    std::uint32_t kv_heads = 4;        // divides heads
    std::uint32_t feed_forward = 704;  // width of the SwiGLU layer; a multiple of 32, as is `width`, so that the result
                                       // can be quantised to Q8_0
    std::uint32_t vocabulary = 4096;   // tokens, with the 256 bytes and the control tokens
    std::uint32_t context = 1024;      // positions
    bool tied_embeddings = true;       // the output matrix is the token embedding
    double rope_base = 10'000;
    double norm_epsilon = 1e-5;

    std::uint32_t head_width() const { return width / heads; }
    std::uint32_t kv_width() const { return head_width() * kv_heads; }
    std::uint64_t parameters() const {
        const std::uint64_t attention = std::uint64_t{2} * width * width + std::uint64_t{2} * width * kv_width();
        const std::uint64_t layer = attention + std::uint64_t{3} * width * feed_forward + std::uint64_t{2} * width;
        return layers * layer + width + (tied_embeddings ? 1U : 2U) * std::uint64_t{vocabulary} * width;
    }
};

}  // namespace forebay::gradients
