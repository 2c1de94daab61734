#include "gradients/backward.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

namespace forebay::gradients {
namespace {

// ggml's fast matrix products on the processor want an inner dimension in whole vectors: 16 of f32, 32 of bf16.
constexpr std::int64_t inner_multiple = 32;
constexpr std::int64_t block = 16;

const float* element(const ggml_tensor* x, std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
    const std::size_t offset = static_cast<std::size_t>(i0) * x->nb[0] + static_cast<std::size_t>(i1) * x->nb[1] +
                               static_cast<std::size_t>(i2) * x->nb[2] + static_cast<std::size_t>(i3) * x->nb[3];
    return reinterpret_cast<const float*>(static_cast<const char*>(x->data) + offset);
}

void store(float& out, float value) { out = value; }
void store(ggml_bf16_t& out, float value) {
    // Round to nearest, ties to even; gradients that are not numbers are found by the loss.
    const auto bits = std::bit_cast<std::uint32_t>(value);
    out.bits = static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

// One matrix of `x`, [columns, rows], into `out`, [padded, columns]: block by block, so that both sides stay in cache.
template <class T>
void transpose_matrix(T* out, const ggml_tensor* x, std::int64_t i2, std::int64_t i3, std::int64_t padded) {
    const std::int64_t columns = x->ne[0];
    const std::int64_t rows = x->ne[1];
    for (std::int64_t row = 0; row < rows; row += block) {
        const std::int64_t row_end = std::min(rows, row + block);
        for (std::int64_t column = 0; column < columns; column += block) {
            const std::int64_t column_end = std::min(columns, column + block);
            for (std::int64_t c = column; c < column_end; ++c) {
                for (std::int64_t r = row; r < row_end; ++r) store(out[c * padded + r], *element(x, c, r, i2, i3));
            }
        }
    }
    if (padded == rows) return;
    for (std::int64_t c = 0; c < columns; ++c) std::fill(out + c * padded + rows, out + (c + 1) * padded, T{});
}

// ggml calls this for the custom operation below; single-threaded, as all graphs of a lane are.
template <class T>
void transpose_padded(ggml_tensor* out, int task, int, void*) {
    if (task != 0) return;
    const ggml_tensor* x = out->src[0];
    for (std::int64_t i3 = 0; i3 < x->ne[3]; ++i3) {
        for (std::int64_t i2 = 0; i2 < x->ne[2]; ++i2) {
            const std::size_t offset =
                static_cast<std::size_t>(i2) * out->nb[2] + static_cast<std::size_t>(i3) * out->nb[3];
            transpose_matrix(reinterpret_cast<T*>(static_cast<char*>(out->data) + offset), x, i2, i3, out->ne[0]);
        }
    }
}

// Rewrites the products of a finished graph into those that the device computes fastest.
class Products {
public:
    Products(ggml_context* context, const ProductSettings& settings) : context_(context), settings_(settings) {}

    void rewrite(ggml_tensor* node) {
        if (node->op == GGML_OP_OUT_PROD) {
            replace_outer(node);
        } else if (node->op == GGML_OP_MUL_MAT && settings_.bf16 && worth_narrowing(node)) {
            ggml_tensor*& narrow = narrow_[node->src[0]];
            if (!narrow) narrow = ggml_cast(context_, node->src[0], GGML_TYPE_BF16);
            node->src[0] = narrow;
        }
    }

private:
    static bool worth_narrowing(const ggml_tensor* node) {
        const ggml_tensor* matrix = node->src[0];
        return matrix->type == GGML_TYPE_F32 && matrix->ne[2] == 1 && matrix->ne[3] == 1 &&
               matrix->ne[0] % inner_multiple == 0 && matrix->ne[1] >= inner_multiple &&
               node->src[1]->ne[1] >= inner_multiple && ggml_is_contiguous(matrix);
    }

    // out = sum over p of a[n, p] b[m, p] is the product of a and b transposed. Quantised matrices stay: ggml has no
    // transposed copy of them.
    void replace_outer(ggml_tensor* node) {
        ggml_tensor* a = node->src[0];
        ggml_tensor* b = node->src[1];
        if (ggml_is_quantized(a->type) || a->ne[2] != b->ne[2] || a->ne[3] != b->ne[3]) return;  // or a broadcast
        const bool narrow =
            settings_.bf16 && settings_.on_cpu && a->ne[2] == 1 && a->ne[3] == 1 && a->ne[0] >= inner_multiple;
        node->op = GGML_OP_MUL_MAT;
        node->src[0] = transposed(a, narrow ? GGML_TYPE_BF16 : GGML_TYPE_F32);
        node->src[1] = transposed(b, GGML_TYPE_F32);
    }

    ggml_tensor* transposed(ggml_tensor* x, ggml_type type) {
        ggml_tensor*& known = transposed_[{x, type}];
        if (!known) known = make_transposed(x, type);
        return known;
    }

    ggml_tensor* make_transposed(ggml_tensor* x, ggml_type type) {
        const bool whole = !settings_.on_cpu || x->ne[1] % inner_multiple == 0;
        if (x->op == GGML_OP_TRANSPOSE && whole && type == GGML_TYPE_F32) {
            ggml_tensor* original = x->src[0];
            return ggml_is_contiguous(original) ? original : ggml_cont(context_, original);
        }
        if (!settings_.on_cpu) return ggml_cont(context_, ggml_transpose(context_, x));
        const std::int64_t padded = (x->ne[1] + inner_multiple - 1) / inner_multiple * inner_multiple;
        const ggml_custom_op_t copy = type == GGML_TYPE_BF16 ? transpose_padded<ggml_bf16_t> : transpose_padded<float>;
        return ggml_custom_4d(context_, type, padded, x->ne[0], x->ne[2], x->ne[3], &x, 1, copy, 1, nullptr);
    }

    ggml_context* context_;
    ProductSettings settings_;
    std::map<std::pair<ggml_tensor*, ggml_type>, ggml_tensor*> transposed_;
    std::unordered_map<ggml_tensor*, ggml_tensor*> narrow_;
};

}  // namespace

ggml_cgraph* build_forward(ggml_context* context, ggml_tensor* loss, std::size_t nodes_max,
                           const ProductSettings& settings) {
    ggml_set_output(loss);
    ggml_cgraph* plain = ggml_new_graph_custom(context, nodes_max, false);
    ggml_build_forward_expand(plain, loss);
    if (!settings.bf16) return plain;
    Products products(context, settings);
    for (int i = 0; i < ggml_graph_n_nodes(plain); ++i) products.rewrite(ggml_graph_node(plain, i));
    ggml_cgraph* out = ggml_new_graph_custom(context, nodes_max, false);
    ggml_build_forward_expand(out, loss);
    return out;
}

GradientGraph build_gradients(ggml_context* context, ggml_tensor* loss, const std::vector<ggml_tensor*>& parameters,
                              std::size_t nodes_max, const ProductSettings& settings) {
    GradientGraph out;
    ggml_set_loss(loss);
    ggml_set_output(loss);
    out.seeded = ggml_new_graph_custom(context, nodes_max, true);
    ggml_build_forward_expand(out.seeded, loss);
    ggml_build_backward_expand(context, out.seeded, nullptr);

    Products products(context, settings);
    for (int i = 0; i < ggml_graph_n_nodes(out.seeded); ++i) products.rewrite(ggml_graph_node(out.seeded, i));
    // Once more in order, now with the copies that the products need.
    out.graph = ggml_new_graph_custom(context, nodes_max, false);
    ggml_build_forward_expand(out.graph, loss);
    for (ggml_tensor* parameter : parameters) {
        ggml_tensor* gradient = ggml_graph_get_grad(out.seeded, parameter);
        out.gradients.push_back(gradient);
        if (!gradient) continue;
        ggml_set_output(gradient);
        ggml_build_forward_expand(out.graph, gradient);
    }
    return out;
}

}  // namespace forebay::gradients
