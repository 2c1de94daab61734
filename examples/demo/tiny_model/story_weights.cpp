// A model that is a table: logit of token b after token a = logarithm of how often word b follows word a.
//
// Each word has one dimension of the residual stream, and a token's embedding is 1 there and 0
// elsewhere. The layer's output projections are zero, so the final norm sees that vector unchanged and
// scales it to sqrt(n); the norm's weight 1/sqrt(n) brings it back to 1, and row b of the output matrix
// holds the table's entry for a in column a.
#include <cmath>
#include <map>

#include "weights.h"

namespace forebay::tiny {
namespace {

constexpr float end_after_sentence = 0.34f;  // an answer has three sentences on average, a greedy one has one
constexpr float logit_unseen = -20.0f;

// Words that can come before another: the story's own, and two more contexts.
constexpr const char* context_start = "\n";  // an answer begins: after a line end or a control token
constexpr const char* context_other = "";    // after a piece that is no word of the story

using Counts = std::map<std::string, std::map<std::string, float>>;

Counts count_pairs(const std::vector<Sentence>& sentences) {
    Counts counts;
    for (const Sentence& sentence : sentences) {
        const std::string& first = sentence.front();
        for (const char* before : {context_start, context_other, "."}) counts[before][first] += 1;
        for (std::size_t i = 1; i < sentence.size(); ++i) counts[sentence[i - 1]][sentence[i]] += 1;
    }
    return counts;
}

std::string context_of(const Token& token) {
    if (!token.word.empty()) return token.word;
    if (token.kind == TokenKind::control || token.text == newline_token) return context_start;
    return context_other;
}

// True when `token` is the form of its word that follows `context`: with a space or without.
bool fits(const Token& token, const std::string& context) {
    const bool has_space = token.text.starts_with(space_mark);
    if (token.word == "." || token.word == ",") return !has_space;
    return has_space != (context == context_start);
}

Tensor vector_of(std::string name, std::uint32_t size, float value) {
    return {std::move(name), size, 1, std::vector<float>(size, value)};
}

Tensor zero_matrix(std::string name, std::uint32_t columns, std::uint32_t rows) {
    return {std::move(name), columns, rows, std::vector<float>(std::size_t{columns} * rows)};
}

}  // namespace

Weights make_story_weights(const Vocabulary& vocabulary, const std::vector<Sentence>& sentences) {
    const Counts counts = count_pairs(sentences);
    std::map<std::string, std::uint32_t> dimension_of;
    for (const auto& [context, following] : counts) {
        dimension_of.emplace(context, static_cast<std::uint32_t>(dimension_of.size()));
    }
    Shape shape;
    shape.embedding = (static_cast<std::uint32_t>(dimension_of.size()) + 31) / 32 * 32;
    const std::uint32_t width = shape.embedding;
    const auto tokens = static_cast<std::uint32_t>(vocabulary.tokens.size());

    Tensor embedding = zero_matrix("token_embd.weight", width, tokens);
    Tensor output = zero_matrix("output.weight", width, tokens);
    const auto turn_end_index = static_cast<std::uint32_t>(vocabulary.find(turn_end));
    for (std::uint32_t row = 0; row < tokens; ++row) {
        const Token& token = vocabulary.tokens[row];
        embedding.values[std::size_t{row} * width + dimension_of.at(context_of(token))] = 1;
        for (const auto& [context, following] : counts) {
            float total = 0;
            for (const auto& [word, count] : following) total += count;
            const float goes_on = context == "." ? 1 - end_after_sentence : 1;
            float logit = logit_unseen;
            if (const auto found = following.find(token.word); found != following.end() && fits(token, context)) {
                logit = std::log(goes_on * found->second / total);
            } else if (row == turn_end_index && context == ".") {
                logit = std::log(end_after_sentence);
            }
            output.values[std::size_t{row} * width + dimension_of.at(context)] = logit;
        }
    }

    const std::uint32_t head = shape.head_size;
    std::vector<Tensor> tensors;
    tensors.push_back(std::move(embedding));
    tensors.push_back(vector_of("output_norm.weight", width, 1 / std::sqrt(static_cast<float>(width))));
    tensors.push_back(std::move(output));
    tensors.push_back(vector_of("blk.0.attn_norm.weight", width, 1));
    tensors.push_back(zero_matrix("blk.0.attn_q.weight", width, head));
    tensors.push_back(zero_matrix("blk.0.attn_k.weight", width, head));
    tensors.push_back(zero_matrix("blk.0.attn_v.weight", width, head));
    tensors.push_back(zero_matrix("blk.0.attn_output.weight", head, width));
    tensors.push_back(vector_of("blk.0.ffn_norm.weight", width, 1));
    tensors.push_back(zero_matrix("blk.0.ffn_gate.weight", width, shape.feed_forward));
    tensors.push_back(zero_matrix("blk.0.ffn_up.weight", width, shape.feed_forward));
    tensors.push_back(zero_matrix("blk.0.ffn_down.weight", shape.feed_forward, width));
    return {shape, std::move(tensors)};
}

}  // namespace forebay::tiny
