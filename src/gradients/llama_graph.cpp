#include "gradients/llama_graph.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace forebay::gradients {
namespace {

class Builder {
public:
    Builder(ggml_context* context, const Weights& weights, std::int64_t rows, std::int64_t row_tokens)
        : context_(context), weights_(weights), shape_(weights.shape()), rows_(rows), row_tokens_(row_tokens) {}

    ggml_tensor* norm(ggml_tensor* x, const std::string& name) const {
        ggml_tensor* normed = ggml_rms_norm(context_, x, static_cast<float>(shape_.norm_epsilon));
        return ggml_mul(context_, normed, weights_.find(name));
    }

    ggml_tensor* linear(ggml_tensor* x, const std::string& name) const {
        ggml_tensor* y = ggml_mul_mat(context_, weights_.find(name), x);
        const LowRank* pair = weights_.low_rank_of(name);
        if (!pair) return y;
        ggml_tensor* addition = ggml_mul_mat(context_, pair->b, ggml_mul_mat(context_, pair->a, x));
        return ggml_add(context_, y, ggml_scale(context_, addition, pair->scale));
    }

    ggml_tensor* attention(ggml_tensor* x, const std::string& layer, const LlamaGraph& graph) const {
        ggml_tensor* q = turned(linear(x, layer + "attn_q.weight"), shape_.heads, graph.positions);
        ggml_tensor* k = turned(linear(x, layer + "attn_k.weight"), shape_.kv_heads, graph.positions);
        ggml_tensor* v = linear(x, layer + "attn_v.weight");
        const std::int64_t head = shape_.head_width();
        const std::int64_t heads = shape_.heads;
        q = ggml_reshape_4d(context_, q, head, heads, row_tokens_, rows_);
        k = ggml_reshape_4d(context_, for_each_head(k), head, heads, row_tokens_, rows_);
        v = ggml_reshape_4d(context_, for_each_head(v), head, heads, row_tokens_, rows_);

        q = ggml_cont(context_, ggml_permute(context_, q, 0, 2, 1, 3));  // [head, tokens, heads, rows]
        k = ggml_cont(context_, ggml_permute(context_, k, 0, 2, 1, 3));
        v = ggml_cont(context_, ggml_permute(context_, v, 1, 2, 0, 3));  // [tokens, head, heads, rows]
        ggml_tensor* scores = ggml_mul_mat(context_, k, q);              // [tokens, tokens, heads, rows]
        const float scale = 1.0f / std::sqrt(static_cast<float>(head));
        ggml_tensor* parts = ggml_soft_max_ext(context_, scores, graph.mask, scale, 0.0f);
        ggml_tensor* out = ggml_mul_mat(context_, v, parts);  // [head, tokens, heads, rows]
        out = ggml_cont(context_, ggml_permute(context_, out, 0, 2, 1, 3));
        return linear(ggml_reshape_2d(context_, out, shape_.width, row_tokens_ * rows_), layer + "attn_output.weight");
    }

    ggml_tensor* feed_forward(ggml_tensor* x, const std::string& layer) const {
        ggml_tensor* gate = linear(x, layer + "ffn_gate.weight");
        ggml_tensor* up = linear(x, layer + "ffn_up.weight");
        return linear(ggml_swiglu_split(context_, gate, up), layer + "ffn_down.weight");
    }

private:
    // Rotary positions: llama.cpp's "normal" kind turns neighbouring pairs.
    ggml_tensor* turned(ggml_tensor* x, std::uint32_t heads, ggml_tensor* positions) const {
        x = ggml_reshape_3d(context_, x, shape_.head_width(), heads, row_tokens_ * rows_);
        return ggml_rope_ext(context_, x, positions, nullptr, static_cast<int>(shape_.head_width()),
                             GGML_ROPE_TYPE_NORMAL, static_cast<int>(shape_.context),
                             static_cast<float>(shape_.rope_base), 1.0f, 0.0f, 1.0f, 32.0f, 1.0f);
    }

    // Keys or values, once for each query head of their group. Written out because ggml cannot differentiate a
    // broadcast product of several rows.
    ggml_tensor* for_each_head(ggml_tensor* x) const {
        const std::int64_t head = shape_.head_width();
        const std::int64_t group = shape_.heads / shape_.kv_heads;
        const std::int64_t total = row_tokens_ * rows_;
        if (group == 1) return x;
        x = ggml_reshape_4d(context_, x, head, 1, shape_.kv_heads, total);
        ggml_tensor* wanted = ggml_new_tensor_4d(context_, GGML_TYPE_F32, head, group, shape_.kv_heads, total);
        return ggml_repeat(context_, x, wanted);
    }

    ggml_context* context_;
    const Weights& weights_;
    const LlamaShape& shape_;
    std::int64_t rows_;
    std::int64_t row_tokens_;
};

ggml_tensor* input(ggml_tensor* tensor) {
    ggml_set_input(tensor);
    return tensor;
}

}  // namespace

LlamaGraph build_llama(ggml_context* context, const Weights& weights, const MicroBatch& batch) {
    const auto rows = static_cast<std::int64_t>(batch.rows.size());
    const std::int64_t row_tokens = batch.row_tokens();
    const Builder build(context, weights, rows, row_tokens);
    LlamaGraph graph;
    graph.tokens = input(ggml_new_tensor_1d(context, GGML_TYPE_I32, rows * row_tokens));
    graph.positions = input(ggml_new_tensor_1d(context, GGML_TYPE_I32, rows * row_tokens));
    graph.mask = input(ggml_new_tensor_2d(context, GGML_TYPE_F32, row_tokens, row_tokens));
    graph.selected = input(ggml_new_tensor_1d(context, GGML_TYPE_I32, static_cast<std::int64_t>(batch.predictions())));

    ggml_tensor* embedding = weights.find("token_embd.weight");
    ggml_tensor* x = ggml_get_rows(context, embedding, graph.tokens);
    for (std::uint32_t i = 0; i < weights.shape().layers; ++i) {
        const std::string layer = fmt::format("blk.{}.", i);
        x = ggml_add(context, x, build.attention(build.norm(x, layer + "attn_norm.weight"), layer, graph));
        x = ggml_add(context, x, build.feed_forward(build.norm(x, layer + "ffn_norm.weight"), layer));
    }
    x = ggml_get_rows(context, x, graph.selected);
    x = build.norm(x, "output_norm.weight");
    ggml_tensor* output = weights.find("output.weight");
    graph.logits = ggml_mul_mat(context, output ? output : embedding, x);
    return graph;
}

void fill_inputs(const LlamaGraph& graph, const MicroBatch& batch) {
    const auto row_tokens = static_cast<std::size_t>(batch.row_tokens());
    std::vector<std::int32_t> tokens(batch.rows.size() * row_tokens, 0);
    std::vector<std::int32_t> positions(tokens.size());
    std::vector<std::int32_t> selected;
    for (std::size_t r = 0; r < batch.rows.size(); ++r) {
        const TokenRow& row = *batch.rows[r];
        for (std::size_t i = 0; i < row_tokens; ++i) {
            positions[r * row_tokens + i] = static_cast<std::int32_t>(i);
            if (i + 1 < row.tokens.size()) {
                tokens[r * row_tokens + i] = row.tokens[i];
                if (row.predicted[i + 1]) selected.push_back(static_cast<std::int32_t>(r * row_tokens + i));
            }
        }
    }
    std::vector<float> mask(row_tokens * row_tokens, -std::numeric_limits<float>::infinity());
    for (std::size_t query = 0; query < row_tokens; ++query) std::fill_n(&mask[query * row_tokens], query + 1, 0.0f);
    ggml_backend_tensor_set(graph.tokens, tokens.data(), 0, ggml_nbytes(graph.tokens));
    ggml_backend_tensor_set(graph.positions, positions.data(), 0, ggml_nbytes(graph.positions));
    ggml_backend_tensor_set(graph.mask, mask.data(), 0, ggml_nbytes(graph.mask));
    ggml_backend_tensor_set(graph.selected, selected.data(), 0, ggml_nbytes(graph.selected));
}

std::size_t graph_nodes_max(const LlamaShape& shape) { return 1024 + std::size_t{512} * shape.layers; }

std::vector<MicroBatch> cut_into_micro_batches(std::vector<const TokenRow*> rows, std::int64_t tokens_max) {
    std::erase_if(rows, [](const TokenRow* row) { return row->predictions() == 0; });
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        const std::size_t size_a = rows[a]->tokens.size();
        const std::size_t size_b = rows[b]->tokens.size();
        return size_a != size_b ? size_a > size_b : a < b;
    });
    std::vector<MicroBatch> out;
    for (const std::size_t index : order) {
        const TokenRow* row = rows[index];
        if (out.empty() ||
            static_cast<std::int64_t>(out.back().rows.size() + 1) * out.back().row_tokens() > tokens_max) {
            out.emplace_back();
        }
        out.back().rows.push_back(row);
    }
    return out;
}

}  // namespace forebay::gradients
