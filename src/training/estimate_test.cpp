// What a run is said to need, against what it does need, and the refusal when there is less.
#include "training/estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gradients/backward.h"
#include "gradients/learner.h"
#include "training/step_rows.h"

namespace forebay::training {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t gib = 1024ull * 1024 * 1024;

Recipe recipe_of(std::uint32_t batch, std::uint32_t context) {
    Recipe recipe;
    recipe.from_scratch = true;
    recipe.batch = batch;
    recipe.context = context;
    return recipe;
}

TEST(Estimate, CountsParametersStepsAndTokens) {
    Recipe recipe = recipe_of(32, 512);
    recipe.epochs = 3;

    const auto e = estimate(recipe.architecture, recipe, {.rows = 1000, .tokens = 120'000, .tokens_longest = 300}, 2);

    EXPECT_EQ(e.parameters, recipe.architecture.parameters());
    EXPECT_EQ(e.trained_parameters, e.parameters);
    EXPECT_EQ(e.steps, StepRows(1000, 32, 1).steps(3));
    EXPECT_EQ(e.tokens, 360'000u);
    EXPECT_EQ(e.checkpoint_bytes, 12 * e.parameters);
    EXPECT_EQ(e.output_bytes, e.parameters * 34 / 32);

    recipe.steps_max = 47;
    const auto shorter =
        estimate(recipe.architecture, recipe, {.rows = 1000, .tokens = 120'000, .tokens_longest = 300}, 2);
    EXPECT_EQ(shorter.steps, 47u);
    EXPECT_EQ(shorter.tokens, 180'000u);
}

TEST(Estimate, DiskGrowsWithEachCheckpointKept) {
    Recipe recipe = recipe_of(8, 128);
    const DatasetTotals totals{.rows = 100, .tokens = 5000, .tokens_longest = 100};
    recipe.checkpoints_kept = 2;
    const auto two = estimate(recipe.architecture, recipe, totals, 1);
    recipe.checkpoints_kept = 5;
    const auto five = estimate(recipe.architecture, recipe, totals, 1);
    recipe.early_stop = 3;
    const auto stopping = estimate(recipe.architecture, recipe, totals, 1);

    EXPECT_EQ(five.disk_bytes - two.disk_bytes, 3 * two.checkpoint_bytes);
    EXPECT_EQ(stopping.disk_bytes - five.disk_bytes, two.checkpoint_bytes);
    EXPECT_GT(two.disk_bytes, 3 * two.checkpoint_bytes + two.output_bytes);
}

TEST(Estimate, LanesAreNoMoreThanTheStepHasMicroBatches) {
    const Recipe recipe = recipe_of(32, 512);

    EXPECT_EQ(estimate(recipe.architecture, recipe, {.rows = 9, .tokens = 9, .tokens_longest = 129}, 16).lanes, 4u);
    EXPECT_EQ(estimate(recipe.architecture, recipe, {.rows = 9, .tokens = 9, .tokens_longest = 17}, 16).lanes, 1u);
    EXPECT_EQ(estimate(recipe.architecture, recipe, {.rows = 9, .tokens = 9, .tokens_longest = 512}, 3).lanes, 3u);
}

struct Shape {
    Architecture architecture;
    std::uint32_t rows;
    std::uint32_t row_tokens;
    std::uint32_t rank;  // 0: all parameters are trained
};

Shape shape(std::uint32_t layers, std::uint32_t width, std::uint32_t kv_heads, std::uint32_t vocabulary,
            std::uint32_t rows, std::uint32_t row_tokens, std::uint32_t rank = 0) {
    Architecture a;
    a.layers = layers;
    a.width = width;
    a.heads = 4;
    a.kv_heads = kv_heads;
    a.feed_forward = width * 11 / 4;
    a.vocabulary = vocabulary;
    a.context = 2048;
    return {a, rows, row_tokens, rank};
}

// The numbers that ggml's allocator asks for to compute one micro-batch and its gradients; nothing is computed.
std::uint64_t allocated_bytes(gradients::Weights& weights, const Shape& s, bool bf16) {
    gradients::TokenRow row;
    row.tokens.assign(s.row_tokens + 1, 1);
    row.predicted.assign(row.tokens.size(), 1);
    const gradients::MicroBatch batch{.rows = std::vector<const gradients::TokenRow*>(s.rows, &row)};
    const auto nodes = gradients::graph_nodes_max(s.architecture);
    const auto context = gradients::new_context(2 * nodes, nodes);
    const auto forward = gradients::build_llama(context.get(), weights, batch);
    const auto loss = gradients::next_token_loss();
    auto* share = loss->build(context.get(), forward, batch, batch.predictions());
    const auto graph = gradients::build_gradients(context.get(), share, weights.trained(), nodes,
                                                  gradients::ProductSettings{.on_cpu = true, .bf16 = bf16});
    const auto backend = gradients::start_backend(weights.device(), 1).value();
    const gradients::AllocatorPtr allocator(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend.get())));
    EXPECT_TRUE(ggml_gallocr_reserve(allocator.get(), graph.graph));
    return ggml_gallocr_get_buffer_size(allocator.get(), 0);
}

TEST(Estimate, ALaneIsWhatGgmlReallyAllocatesAndLittleMore) {
    const auto device = gradients::find_device_blocking(false).value();
    for (const auto& s : {shape(2, 64, 4, 512, 16, 64), shape(6, 256, 4, 4096, 8, 128), shape(6, 256, 2, 4096, 2, 512),
                          shape(6, 256, 4, 4096, 1, 1024), shape(6, 256, 4, 32'000, 8, 128),
                          shape(12, 256, 1, 4096, 4, 128), shape(4, 384, 2, 4096, 4, 256, 16)}) {
        Recipe recipe = recipe_of(s.rows, s.row_tokens + 1);
        recipe.method = s.rank == 0 ? Method::full : Method::lora;
        recipe.lora.rank = s.rank;
        auto weights = gradients::Weights::random_blocking(s.architecture, 1, device).value();
        if (s.rank > 0) {
            ASSERT_TRUE(
                weights.add_low_rank_blocking({.rank = s.rank, .alpha = 16, .targets = recipe.lora.targets}, 1));
        }
        const auto e =
            estimate(s.architecture, recipe, {.rows = 64, .tokens = 64, .tokens_longest = s.row_tokens + 1}, 1);

        EXPECT_EQ(e.trained_parameters, weights.trained_parameters());
        EXPECT_EQ(e.parameters, weights.parameters());
        for (const bool bf16 : {false, true}) {
            const auto what = fmt::format("{} layers of {}, {} rows of {} tokens{}", s.architecture.layers,
                                          s.architecture.width, s.rows, s.row_tokens, bf16 ? ", bf16" : "");
            const auto allocated = static_cast<double>(allocated_bytes(weights, s, bf16));
            EXPECT_GE(static_cast<double>(e.lane_bytes), allocated) << what;
            EXPECT_LE(static_cast<double>(e.lane_bytes), 1.5 * allocated) << what;
        }
    }
}

TEST(Estimate, AMicroBatchIsAsLargeAsTheLearnerMakesIt) {
    const auto tokens = gradients::LearnerSettings{}.micro_batch_tokens;
    const Recipe recipe = recipe_of(64, 2048);
    const DatasetTotals totals{.rows = 9, .tokens = 9, .tokens_longest = static_cast<std::uint64_t>(tokens) + 1};

    const auto one_a_row = estimate(recipe.architecture, recipe, totals, 1000).lanes;

    EXPECT_EQ(one_a_row, 64u);
    const DatasetTotals half{.rows = 9, .tokens = 9, .tokens_longest = static_cast<std::uint64_t>(tokens) / 2 + 1};
    EXPECT_EQ(estimate(recipe.architecture, recipe, half, 1000).lanes, 32u);
}

// A machine of texts.
RoomSources machine(std::map<std::string, std::string> files, std::uint64_t disk_free = 100 * gib) {
    return {.read_file = [files = std::move(files)](const std::string& path) -> std::optional<std::string> {
                const auto found = files.find(path);
                return found == files.end() ? std::nullopt : std::optional(found->second);
            },
            .disk_free = [disk_free](const std::string&) -> Result<std::uint64_t> { return disk_free; }};
}

constexpr const char* eight_gib = "MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:    8388608 kB\n";

std::uint64_t available(std::map<std::string, std::string> files) {
    const auto found = find_available_memory_blocking(machine(std::move(files)));
    return found ? found->bytes : 0;
}

TEST(AvailableMemory, IsTheMachinesOrThatOfTheNarrowestGroup) {
    EXPECT_EQ(available({}), 0u);
    EXPECT_EQ(available({{"/proc/meminfo", eight_gib}}), 8 * gib);
    // Version 2, the limit above the own group; page cache that can be dropped counts as available.
    EXPECT_EQ(available({{"/proc/meminfo", eight_gib},
                         {"/proc/self/cgroup", "0::/a/b\n"},
                         {"/sys/fs/cgroup/a/b/memory.max", "max\n"},
                         {"/sys/fs/cgroup/a/memory.max", "4294967296\n"},
                         {"/sys/fs/cgroup/a/memory.current", "3221225472\n"},
                         {"/sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 1073741824\n"}}),
              2 * gib);
    // In a container the own group is the root.
    EXPECT_EQ(available({{"/proc/meminfo", eight_gib},
                         {"/proc/self/cgroup", "0::/\n"},
                         {"/sys/fs/cgroup/memory.max", "1073741824"},
                         {"/sys/fs/cgroup/memory.current", "2147483648"}}),
              0u);
    // Version 1; a limit that is none is a very large number.
    EXPECT_EQ(available({{"/proc/meminfo", eight_gib},
                         {"/proc/self/cgroup", "9:name=systemd:/\n4:memory:/x\n"},
                         {"/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1073741824\n"},
                         {"/sys/fs/cgroup/memory/x/memory.usage_in_bytes", "0\n"}}),
              gib);
    EXPECT_EQ(available({{"/proc/meminfo", eight_gib},
                         {"/proc/self/cgroup", "4:memory:/\n"},
                         {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"}}),
              8 * gib);
}

Estimate needing(std::uint64_t memory, std::uint64_t disk) {
    Estimate e;
    e.memory_bytes = memory;
    e.disk_bytes = disk;
    e.lanes = 8;
    e.lane_bytes = 200 * 1024 * 1024;
    e.checkpoint_bytes = gib / 2;
    return e;
}

TEST(CheckRoom, AcceptsARunThatFits) {
    EXPECT_TRUE(
        check_room_blocking(needing(8 * gib, 3 * gib), "/data", machine({{"/proc/meminfo", eight_gib}}, 3 * gib)));
}

TEST(CheckRoom, RefusesWithBothNumbersAndWhatToChange) {
    const auto memory =
        check_room_blocking(needing(12 * gib, 3 * gib), "/data", machine({{"/proc/meminfo", eight_gib}}));
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.error().code, Code::resource_exhausted);
    EXPECT_EQ(
        memory.error().message,
        "the run needs up to 12 GiB of memory and 8.0 GiB are available; each of 8 threads takes 200 MiB: set fewer "
        "threads; shorten the rows (context), train adapters ('method: lora') or train a smaller model");

    const auto disk = check_room_blocking(needing(gib, 3 * gib), "/data", machine({{"/proc/meminfo", eight_gib}}, gib));
    ASSERT_FALSE(disk);
    EXPECT_EQ(disk.error().code, Code::resource_exhausted);
    EXPECT_EQ(disk.error().message,
              "the run needs up to 3.0 GiB of disk and /data has 1.0 GiB free; a checkpoint takes 512 MiB: keep fewer "
              "(checkpoints_kept), or free some space");

    const auto both =
        check_room_blocking(needing(12 * gib, 3 * gib), "/data", machine({{"/proc/meminfo", eight_gib}}, gib));
    ASSERT_FALSE(both);
    EXPECT_THAT(both.error().message,
                AllOf(HasSubstr("of disk and"), HasSubstr("Also, the run needs up to 12 GiB of memory")));
}

TEST(CheckRoom, NamesTheControlGroupThatLimits) {
    const auto refused = check_room_blocking(needing(2 * gib, gib), "/data",
                                             machine({{"/proc/meminfo", eight_gib},
                                                      {"/proc/self/cgroup", "0::/\n"},
                                                      {"/sys/fs/cgroup/memory.max", "1073741824"},
                                                      {"/sys/fs/cgroup/memory.current", "0"}}));

    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("1.0 GiB are available in this control group"));
}

TEST(CheckRoom, ThisMachineAnswers) {
    const auto sources = system_room_sources();

    EXPECT_GT(sources.disk_free(testing::TempDir() + "/not/there/yet").value(), 0u);
    EXPECT_GT(find_available_memory_blocking(sources).value().bytes, 0u);
    EXPECT_FALSE(check_room_blocking(needing(1ull << 60, 1ull << 60), testing::TempDir()));
}

}  // namespace
}  // namespace forebay::training
