#include "gradients/learner.h"

#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "gradients/backward.h"

namespace forebay::gradients {

// A thread's own stream, graph memory and loss.
struct Learner::Lane {
    BackendPtr backend;
    AllocatorPtr allocator;
    std::unique_ptr<Loss> loss;
    ProductSettings products;

    struct Computed {
        ContextPtr context;  // holds the tensors' descriptions; their memory is the allocator's, until the next graph
        double loss = 0;
        std::vector<ggml_tensor*> gradients;
    };

    Result<Computed> compute_blocking(const Weights& weights, const std::vector<ggml_tensor*>& parameters,
                                      const MicroBatch& batch, std::uint64_t predictions, bool backward) {
        const std::size_t nodes = graph_nodes_max(weights.shape());
        Computed out;
        out.context = new_context(3 * nodes, nodes);
        ggml_context* context = out.context.get();
        const LlamaGraph forward = build_llama(context, weights, batch);
        ggml_tensor* share = loss->build(context, forward, batch, predictions);
        GradientGraph gradient_graph;
        if (backward) {
            gradient_graph = build_gradients(context, share, parameters, nodes, products);
        } else {
            gradient_graph.graph = build_forward(context, share, nodes, products);
        }
        if (!ggml_gallocr_alloc_graph(allocator.get(), gradient_graph.graph)) {
            return fail(Code::resource_exhausted, "not enough memory for the activations of {} rows of {} tokens",
                        batch.rows.size(), batch.row_tokens());
        }
        if (backward) ggml_graph_reset(gradient_graph.seeded);
        fill_inputs(forward, batch);
        loss->fill(batch);
        FOREBAY_TRY_VOID(gradients::compute_blocking(backend.get(), gradient_graph.graph));
        float value = 0;
        ggml_backend_tensor_get(share, &value, 0, sizeof(value));
        out.loss = static_cast<double>(value);
        out.gradients = std::move(gradient_graph.gradients);
        return out;
    }
};

// Hands out micro-batches in order and lets their results in in that order.
struct Learner::Turn {
    explicit Turn(std::size_t count) : total(count) {}

    std::optional<std::size_t> claim() {
        const std::lock_guard lock(mutex);
        if (error || claimed == total) return std::nullopt;
        return claimed++;
    }
    // Runs `add` when all earlier results are in.
    void in_order(std::size_t index, const std::function<Result<void>()>& add) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return error || added == index; });
        if (error) return;
        lock.unlock();
        Result<void> done = add();
        lock.lock();
        if (!done && !error) error = std::move(done).error();
        ++added;
        changed.notify_all();
    }

    const std::size_t total;
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t claimed = 0;
    std::size_t added = 0;
    std::optional<Error> error;
};

Learner::Learner(Weights& weights, AdamW adam, const LearnerSettings& settings)
    : weights_(weights), settings_(settings), adam_(std::move(adam)) {}
Learner::~Learner() = default;

Result<std::unique_ptr<Learner>> Learner::create_blocking(Weights& weights, std::unique_ptr<Loss> loss,
                                                          const LearnerSettings& settings) {
    FOREBAY_TRY(AdamW adam, AdamW::create_blocking(weights, settings.adam));
    std::unique_ptr<Learner> out(new Learner(weights, std::move(adam), settings));
    const std::uint32_t threads = settings.threads == 0 ? processors() : settings.threads;
    const Device& device = weights.device();
    const bool bf16 = settings.precision == Precision::bf16 ||
                      (settings.precision == Precision::automatic && multiplies_bf16(device));
    const std::uint32_t lanes = device.is_cpu ? threads : 1;
    for (std::uint32_t i = 0; i < lanes; ++i) {
        auto lane = std::make_unique<Lane>();
        FOREBAY_TRY(lane->backend, start_backend(device, 1));
        lane->allocator.reset(ggml_gallocr_new(ggml_backend_get_default_buffer_type(lane->backend.get())));
        lane->products = {device.is_cpu, bf16};
        lane->loss = i == 0 ? std::move(loss) : out->lanes_.front()->loss->for_another_lane();
        out->lanes_.push_back(std::move(lane));
    }
    FOREBAY_TRY(out->update_backend_, start_backend(device, threads));
    return out;
}

Result<double> Learner::on_lanes_blocking(const std::vector<MicroBatch>& batches, std::uint64_t predictions,
                                          bool backward) {
    Turn turn(batches.size());
    double total = 0;
    const auto work = [&](Lane& lane) {
        while (const auto index = turn.claim()) {
            auto computed = lane.compute_blocking(weights_, adam_.parameters(), batches[*index], predictions, backward);
            turn.in_order(*index, [&]() -> Result<void> {
                if (!computed) return std::unexpected(computed.error());
                total += computed->loss;
                return backward ? adam_.add_blocking(lane.backend.get(), computed->gradients) : Result<void>();
            });
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < std::min(lanes_.size(), batches.size()); ++i) {
            threads.emplace_back([&work, &lane = *lanes_[i]] { work(lane); });
        }
        work(*lanes_.front());
    }
    if (turn.error) return std::unexpected(*turn.error);
    return total;
}

Result<double> Learner::accumulate_blocking(const std::vector<MicroBatch>& batches, std::uint64_t predictions) {
    adam_.clear_gradients();
    return on_lanes_blocking(batches, predictions, true);
}

Result<StepResult> Learner::step_blocking(const std::vector<const TokenRow*>& rows, double learning_rate) {
    const std::vector<MicroBatch> batches = cut_into_micro_batches(rows, settings_.micro_batch_tokens);
    StepResult result;
    for (const MicroBatch& batch : batches) {
        result.predictions += batch.predictions();
        result.tokens += batch.tokens();
    }
    if (result.predictions == 0) return fail(Code::invalid_argument, "no row of this step predicts a token");
    FOREBAY_TRY(result.loss, accumulate_blocking(batches, result.predictions));
    FOREBAY_TRY(result.gradient_norm, adam_.gradient_norm_blocking(update_backend_.get()));
    if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
        return fail(
            Code::internal,
            "at step {} the loss is {} and the gradient's norm {}: try a lower learning rate or a longer warm-up",
            steps_ + 1, result.loss, result.gradient_norm);
    }
    FOREBAY_TRY_VOID(adam_.update_blocking(update_backend_.get(), learning_rate, steps_ + 1, result.gradient_norm));
    ++steps_;
    return result;
}

Result<EvaluationResult> Learner::evaluate_blocking(const std::vector<const TokenRow*>& rows) {
    const std::vector<MicroBatch> batches = cut_into_micro_batches(rows, settings_.micro_batch_tokens);
    EvaluationResult result;
    for (const MicroBatch& batch : batches) result.predictions += batch.predictions();
    if (result.predictions == 0) return fail(Code::invalid_argument, "no row of the evaluation predicts a token");
    FOREBAY_TRY(result.loss, on_lanes_blocking(batches, result.predictions, false));
    return result;
}

Result<std::vector<std::vector<float>>> Learner::gradients_blocking(const std::vector<const TokenRow*>& rows) {
    const std::vector<MicroBatch> batches = cut_into_micro_batches(rows, settings_.micro_batch_tokens);
    std::uint64_t predictions = 0;
    for (const MicroBatch& batch : batches) predictions += batch.predictions();
    if (predictions == 0) return fail(Code::invalid_argument, "no row predicts a token");
    FOREBAY_TRY_VOID(accumulate_blocking(batches, predictions));
    std::vector<std::vector<float>> out;
    for (const ggml_tensor* sum : adam_.gradients()) out.push_back(weights_.values(sum));
    return out;
}

}  // namespace forebay::gradients
