// Memory, in numbers of four bytes: W weights, T trained ones among or beside them.
//
//   weights      W, and T more for adapters
//   optimizer    3 T: summed gradients, first and second moments
//   a lane       n tokens of a micro-batch through L layers, kept for the way back:
//                n L (12 width + 3 feed_forward + 5/4 heads t), t the longest row, the last term being attention;
//                3 n vocabulary for logits, labels and their gradient, were every token predicted; 6 n width around it;
//                2 vocabulary width for the output matrix turned over and its gradient; T gradients
//   writing      the larger of a checkpoint (3 T) and twice the output, put together in memory
//
// The factors of a lane were fitted to what ggml's allocator asks for over 15 shapes, in f32 and bf16;
// estimate_test.cpp compares them with it again. Disk: the checkpoints kept, one being written, one of the best
// evaluation where a run may stop early; the output in the run's folder and in the registry; the curve.
#include "training/estimate.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/log.h"
#include "training/readable.h"

namespace forebay::training {
namespace {

constexpr std::uint64_t number_bytes = 4;
constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t program_bytes = 96 * mib;      // the program, its back ends, the rows
constexpr std::uint64_t disk_spare_bytes = 64 * mib;   // logs, the plot, the tokenizer
constexpr std::uint64_t curve_point_bytes = 256;       // a line of curve.jsonl
constexpr std::uint64_t micro_batch_tokens = 1024;     // gradients::LearnerSettings; the test compares them
constexpr std::uint64_t row_multiple = 16;             // rows are padded to it
constexpr std::uint64_t unlimited_least = 1ull << 60;  // what a control group without a limit shows is larger

std::uint64_t low_rank_parameters(const Architecture& a, const Lora& lora) {
    std::uint64_t of_layer = 0;
    for (const auto& target : lora.targets) {
        std::uint64_t in = a.width;
        std::uint64_t out = a.width;
        if (target == "attn_k" || target == "attn_v") out = a.kv_width();
        if (target == "ffn_gate" || target == "ffn_up") out = a.feed_forward;
        if (target == "ffn_down") in = a.feed_forward;
        of_layer += lora.rank * (in + out);
    }
    return a.layers * of_layer;
}

std::uint64_t output_bytes(const Recipe& recipe, const Estimate& e) {
    if (recipe.method == Method::lora) return e.trained_parameters * number_bytes;
    if (recipe.output_type == "f32") return e.parameters * 4;
    if (recipe.output_type == "f16") return e.parameters * 2;
    return e.parameters * 34 / 32;  // q8_0: 32 numbers in a byte each, and their scale
}

// Tokens of one graph, and of its longest row.
struct MicroBatchSize {
    std::uint64_t tokens;
    std::uint64_t row_tokens;
};
MicroBatchSize micro_batch_size(const Recipe& recipe, const DatasetTotals& totals) {
    const std::uint64_t longest = std::clamp<std::uint64_t>(totals.tokens_longest, 2, recipe.context);
    const std::uint64_t row_tokens = (longest - 1 + row_multiple - 1) / row_multiple * row_multiple;
    return {std::min(recipe.batch * row_tokens, std::max(micro_batch_tokens, row_tokens)), row_tokens};
}

std::uint64_t lane_numbers(const Architecture& a, const MicroBatchSize& size, std::uint64_t trained) {
    const std::uint64_t token_of_layer = std::uint64_t{12} * a.width + std::uint64_t{3} * a.feed_forward +
                                         std::uint64_t{5} * a.heads * size.row_tokens / 4;
    const std::uint64_t head =
        std::uint64_t{3} * size.tokens * a.vocabulary + std::uint64_t{2} * a.vocabulary * a.width;
    return size.tokens * a.layers * token_of_layer + head + trained;
}

std::optional<std::uint64_t> number_at(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data()) return std::nullopt;
    return number;
}

// The number after `name` at the beginning of a line.
std::optional<std::uint64_t> field_of(std::string_view text, std::string_view name) {
    for (std::size_t at = 0; at < text.size();) {
        const auto line = text.substr(at, text.find('\n', at) - at);
        if (line.starts_with(name)) return number_at(line.substr(name.size()));
        at += line.size() + 1;
    }
    return std::nullopt;
}

// The names of the same things in the two versions of control groups.
struct GroupFiles {
    std::string_view root, limit, usage, reclaimable;
};
constexpr GroupFiles second_version{"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "};
constexpr GroupFiles first_version{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                   "total_inactive_file "};

// What the group at `path` leaves; nothing when it has no limit.
std::optional<std::uint64_t> room_of_group(const RoomSources& sources, const GroupFiles& files, std::string_view path) {
    const auto read = [&](std::string_view name) {
        return sources.read_file(fmt::format("{}{}/{}", files.root, path == "/" ? "" : path, name)).value_or("");
    };
    const auto limit = number_at(read(files.limit));  // "max" is no number
    if (!limit || *limit >= unlimited_least) return std::nullopt;
    const auto used = number_at(read(files.usage)).value_or(0);
    const auto reclaimable = std::min(used, field_of(read("memory.stat"), files.reclaimable).value_or(0));
    return *limit - std::min(*limit, used - reclaimable);
}

// The least of the group at `path` and of all above it.
std::optional<std::uint64_t> room_of_groups(const RoomSources& sources, const GroupFiles& files,
                                            std::string_view path) {
    std::optional<std::uint64_t> least;
    while (true) {
        const auto room = room_of_group(sources, files, path.empty() ? "/" : path);
        if (room) least = std::min(*room, least.value_or(*room));
        if (path.empty() || path == "/") return least;
        path = path.substr(0, path.rfind('/'));
    }
}

// Lines "0::/path" (version 2) and "4:memory:/path" (version 1).
std::optional<std::uint64_t> room_of_own_groups(const RoomSources& sources) {
    const auto text = sources.read_file("/proc/self/cgroup").value_or("");
    std::optional<std::uint64_t> least;
    for (std::size_t at = 0; at < text.size();) {
        const auto line = std::string_view(text).substr(at, text.find('\n', at) - at);
        at += line.size() + 1;
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == line.npos || second == line.npos) continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        if (!controllers.empty() && controllers != "memory") continue;
        const auto room =
            room_of_groups(sources, controllers.empty() ? second_version : first_version, line.substr(second + 1));
        if (room) least = std::min(*room, least.value_or(*room));
    }
    return least;
}

Result<std::uint64_t> disk_free_blocking(const std::string& folder) {
    std::error_code ignored;
    auto path = std::filesystem::absolute(folder, ignored);
    while (!std::filesystem::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
    struct statvfs found{};
    if (::statvfs(path.c_str(), &found) == 0) return std::uint64_t{found.f_bavail} * found.f_frsize;
    return fail(Code::unavailable, "cannot look at the disk of {}: {}", path.string(),
                std::generic_category().message(errno));
}

std::string disk_advice(const Estimate& e) {
    return fmt::format("a checkpoint takes {}: keep fewer (checkpoints_kept), or free some space",
                       readable_bytes(e.checkpoint_bytes));
}

std::string memory_advice(const Estimate& e) {
    std::string lanes;
    if (e.lanes > 1) {
        lanes = fmt::format("each of {} threads takes {}: set fewer threads; ", e.lanes, readable_bytes(e.lane_bytes));
    }
    return lanes + "shorten the rows (context), train adapters ('method: lora') or train a smaller model";
}

}  // namespace

Estimate estimate(const Architecture& architecture, const Recipe& recipe, const DatasetTotals& totals,
                  std::uint32_t threads) {
    Estimate e;
    const bool lora = recipe.method == Method::lora;
    e.parameters = architecture.parameters();
    e.trained_parameters = lora ? low_rank_parameters(architecture, recipe.lora) : e.parameters;
    e.weights_bytes = (e.parameters + (lora ? e.trained_parameters : 0)) * number_bytes;
    e.optimizer_bytes = 3 * e.trained_parameters * number_bytes;
    e.checkpoint_bytes = 3 * e.trained_parameters * number_bytes;
    e.output_bytes = output_bytes(recipe, e);

    const auto size = micro_batch_size(recipe, totals);
    const std::uint64_t micro_batches = (recipe.batch * size.row_tokens + size.tokens - 1) / size.tokens;
    e.lanes = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::max(threads, 1u), micro_batches));
    e.lane_bytes = lane_numbers(architecture, size, e.trained_parameters) * number_bytes;
    e.memory_bytes = e.weights_bytes + e.optimizer_bytes + e.lanes * e.lane_bytes +
                     std::max(e.checkpoint_bytes, 2 * e.output_bytes) + program_bytes;

    const std::uint64_t all_steps = (totals.rows * recipe.epochs + recipe.batch - 1) / recipe.batch;
    e.steps = recipe.steps_max == 0 ? all_steps : std::min<std::uint64_t>(recipe.steps_max, all_steps);
    const double part = all_steps == 0 ? 0 : static_cast<double>(e.steps) / static_cast<double>(all_steps);
    e.tokens = static_cast<std::uint64_t>(static_cast<double>(totals.tokens * recipe.epochs) * part);

    const std::uint64_t checkpoints = recipe.checkpoints_kept + 1 + (recipe.early_stop > 0 ? 1 : 0);
    e.disk_bytes =
        checkpoints * e.checkpoint_bytes + 2 * e.output_bytes + e.steps * curve_point_bytes + disk_spare_bytes;
    return e;
}

RoomSources system_room_sources() {
    return {.read_file = [](const std::string& path) -> std::optional<std::string> {
                std::ifstream file(path, std::ios::binary);
                if (!file) return std::nullopt;
                return std::string(std::istreambuf_iterator<char>(file), {});
            },
            .disk_free = disk_free_blocking};
}

std::optional<AvailableMemory> find_available_memory_blocking(const RoomSources& sources) {
    const auto kib = field_of(sources.read_file("/proc/meminfo").value_or(""), "MemAvailable:");
    const auto group = room_of_own_groups(sources);
    if (!kib && !group) return std::nullopt;
    const std::uint64_t machine = kib ? *kib * 1024 : *group;
    if (group && *group < machine) return AvailableMemory{*group, true};
    return AvailableMemory{machine, false};
}

Result<void> check_room_blocking(const Estimate& e, const std::string& folder, const RoomSources& sources) {
    std::string message;
    FOREBAY_TRY(const auto disk, sources.disk_free(folder));
    if (disk < e.disk_bytes) {
        message = fmt::format("the run needs up to {} of disk and {} has {} free; {}", readable_bytes(e.disk_bytes),
                              folder, readable_bytes(disk), disk_advice(e));
    }
    const auto memory = find_available_memory_blocking(sources);
    if (!memory) log::warning("the system does not say how much memory is available: the run starts unchecked");
    if (memory && memory->bytes < e.memory_bytes) {
        if (!message.empty()) message += ". Also, ";
        message += fmt::format("the run needs up to {} of memory and {} are available{}; {}",
                               readable_bytes(e.memory_bytes), readable_bytes(memory->bytes),
                               memory->limited_by_group ? " in this control group" : "", memory_advice(e));
    }
    if (message.empty()) return {};
    return fail(Code::resource_exhausted, "{}", message);
}

}  // namespace forebay::training
