#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <set>

#include "app/doctor.h"
#include "app/machine_files.h"

namespace forebay::app {
namespace {

constexpr std::string_view area = "machine";

// What llama.cpp's CPU back ends are built for, as the kernel names it and as people do.
struct Feature {
    std::string_view flag;
    std::string_view name;
};
constexpr std::array<Feature, 18> features{{{"avx2", "AVX2"},
                                            {"fma", "FMA"},
                                            {"f16c", "F16C"},
                                            {"avx_vnni", "AVX-VNNI"},
                                            {"avx512f", "AVX-512F"},
                                            {"avx512bw", "AVX-512BW"},
                                            {"avx512vl", "AVX-512VL"},
                                            {"avx512_vbmi", "AVX-512VBMI"},
                                            {"avx512vbmi", "AVX-512VBMI"},
                                            {"avx512_vnni", "AVX-512VNNI"},
                                            {"avx512_bf16", "AVX-512BF16"},
                                            {"amx_tile", "AMX-TILE"},
                                            {"amx_int8", "AMX-INT8"},
                                            {"amx_bf16", "AMX-BF16"},
                                            {"asimddp", "DOTPROD"},
                                            {"i8mm", "I8MM"},
                                            {"bf16", "BF16"},
                                            {"sve", "SVE"}}};

void examine_processor(std::string_view cpuinfo, Findings& findings) {
    auto model = std::string(field_of(cpuinfo, "model name"));
    if (model.empty()) model = "unknown model";
    const auto x86_flags = field_of(cpuinfo, "flags");
    const auto flags = words_of(x86_flags.empty() ? field_of(cpuinfo, "Features") : x86_flags);
    const std::set<std::string_view> present(flags.begin(), flags.end());
    std::vector<std::string_view> names;
    for (const auto& feature : features) {
        if (present.contains(feature.flag)) names.push_back(feature.name);
    }
    Finding finding{std::string(area), "processor", Mark::ok, {}, {}};
    finding.fact = names.empty() ? model : fmt::format("{}: {}", model, fmt::join(names, " "));
    if (!x86_flags.empty() && !present.contains("avx2")) {
        finding.mark = Mark::warn;
        finding.fact += ", but no AVX2";
        finding.remedy =
            "models run several times slower without AVX2; in a virtual machine, pass the host's processor through";
    }
    findings.push_back(std::move(finding));
}

unsigned count_physical_cores(std::string_view cpuinfo) {
    std::set<std::string> cores;
    std::string package;
    for (const auto line : lines_of(cpuinfo)) {
        if (line.starts_with("physical id")) package = field_of(line, "physical id");
        if (line.starts_with("core id")) cores.insert(fmt::format("{}/{}", package, field_of(line, "core id")));
    }
    return static_cast<unsigned>(cores.size());
}

unsigned count_logical_cores(std::string_view cpuinfo) {
    return static_cast<unsigned>(
        std::ranges::count_if(lines_of(cpuinfo), [](std::string_view line) { return line.starts_with("processor"); }));
}

// The smallest limit on the way from this process's control group to the root, or nothing.
std::optional<double> least_limit(const std::string& mount, std::string_view group,
                                  const std::function<std::optional<double>(const std::string& folder)>& read) {
    std::optional<double> least;
    std::string path(group == "/" ? "" : group);
    while (true) {
        if (const auto limit = read(mount + path)) least = std::min(*limit, least.value_or(*limit));
        const auto slash = path.rfind('/');
        if (slash == std::string::npos) return least;
        path.resize(slash);
    }
}

std::optional<double> find_number_in(const std::string& file) {
    const auto text = find_text_blocking(file);
    const auto number = text ? find_number(*text) : std::nullopt;
    return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
}

struct GroupLimits {
    std::optional<double> memory_bytes;
    std::optional<double> cores;
};

GroupLimits read_group_limits(const std::string& root) {
    GroupLimits out;
    const auto text = find_text_blocking(root + "/proc/self/cgroup").value_or("");
    const std::string mount = root + "/sys/fs/cgroup";
    constexpr double unlimited_bytes = 1ull << 60;  // version 1 writes "no limit" as a huge number
    for (const auto line : lines_of(text)) {
        const auto first = line.find(':');
        const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        const auto group = line.substr(second + 1);
        if (controllers.empty()) {
            out.memory_bytes =
                least_limit(mount, group, [](const std::string& f) { return find_number_in(f + "/memory.max"); });
            out.cores = least_limit(mount, group, [](const std::string& f) -> std::optional<double> {
                const auto words_text = find_text_blocking(f + "/cpu.max").value_or("");
                const auto words = words_of(words_text);
                const auto quota = words.size() == 2 ? find_number(words[0]) : std::nullopt;
                const auto period = words.size() == 2 ? find_number(words[1]) : std::nullopt;
                if (!quota || !period || *period == 0) return std::nullopt;
                return static_cast<double>(*quota) / static_cast<double>(*period);
            });
        } else if (controllers == "memory") {
            out.memory_bytes = least_limit(mount + "/memory", group, [](const std::string& f) -> std::optional<double> {
                const auto bytes = find_number_in(f + "/memory.limit_in_bytes");
                return bytes && *bytes < unlimited_bytes ? bytes : std::nullopt;
            });
        } else if (controllers.find("cpu") != std::string_view::npos && !controllers.starts_with("cpuset")) {
            out.cores = least_limit(mount + "/cpu", group, [](const std::string& f) -> std::optional<double> {
                const auto quota = find_number_in(f + "/cpu.cfs_quota_us");
                const auto period = find_number_in(f + "/cpu.cfs_period_us");
                return quota && period && *quota > 0 && *period > 0 ? std::optional(*quota / *period) : std::nullopt;
            });
        }
    }
    return out;
}

void examine_cores(std::string_view cpuinfo, const GroupLimits& limits, Findings& findings) {
    const unsigned logical = count_logical_cores(cpuinfo);
    if (logical == 0) return;
    const unsigned physical = count_physical_cores(cpuinfo);
    Finding finding{std::string(area), "cores", Mark::ok, fmt::format("{} logical", logical), {}};
    if (physical > 0) finding.fact += fmt::format(", {} physical", physical);
    if (limits.cores && *limits.cores < logical) {
        finding.mark = Mark::warn;
        finding.fact += fmt::format("; the control group allows {:.1f}", *limits.cores);
        finding.remedy =
            fmt::format("set server.threads and each runtime's threads to {:.0f} together, or raise the limit",
                        std::max(1.0, *limits.cores));
    }
    findings.push_back(std::move(finding));
}

std::optional<std::uint64_t> kib_field(std::string_view meminfo, std::string_view name) {
    const auto kib = find_number(field_of(meminfo, name));
    return kib ? std::optional(*kib * 1024) : std::nullopt;
}

std::optional<std::uint64_t> examine_memory(const std::string& root, const GroupLimits& limits, Findings& findings) {
    const auto meminfo = find_text_blocking(root + "/proc/meminfo").value_or("");
    const auto total = kib_field(meminfo, "MemTotal");
    const auto available = kib_field(meminfo, "MemAvailable");
    if (!total || !available) return std::nullopt;
    Finding finding{std::string(area), "memory", Mark::ok, {}, {}};
    finding.fact = fmt::format("{} available of {}", readable_bytes(*available), readable_bytes(*total));
    std::uint64_t usable = *available;
    if (limits.memory_bytes && *limits.memory_bytes < static_cast<double>(*total)) {
        const auto limit = static_cast<std::uint64_t>(*limits.memory_bytes);
        usable = std::min(usable, limit);
        finding.fact += fmt::format("; the control group allows {}", readable_bytes(limit));
    }
    constexpr std::uint64_t little = 256ull * 1024 * 1024;
    if (usable < little) {
        finding.mark = Mark::warn;
        finding.remedy = "free some memory or raise the limit: even a small model needs a few hundred MiB";
    }
    findings.push_back(std::move(finding));
    return usable;
}

std::vector<std::string> names_in(const std::string& folder, const std::function<bool(std::string_view)>& wanted) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        auto name = it->path().filename().string();
        if (wanted(name)) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
}

bool is_nvidia_device(std::string_view name) {
    constexpr std::string_view prefix = "nvidia";
    return name.starts_with(prefix) && name.size() > prefix.size() &&
           std::ranges::all_of(name.substr(prefix.size()), [](char c) { return c >= '0' && c <= '9'; });
}

// "NVIDIA H100 80GB HBM3", from the driver's own files.
std::vector<std::string> nvidia_models(const std::string& root) {
    std::vector<std::string> models;
    const auto folder = root + "/proc/driver/nvidia/gpus";
    for (const auto& name : names_in(folder, [](std::string_view) { return true; })) {
        const auto text = find_text_blocking(fmt::format("{}/{}/information", folder, name)).value_or("");
        if (const auto model = field_of(text, "Model"); !model.empty()) models.emplace_back(model);
    }
    return models;
}

}  // namespace

std::optional<std::uint64_t> examine_machine_blocking(const std::string& root, Findings& findings) {
    const auto cpuinfo = find_text_blocking(root + "/proc/cpuinfo").value_or("");
    const auto limits = read_group_limits(root);
    examine_processor(cpuinfo, findings);
    examine_cores(cpuinfo, limits, findings);
    return examine_memory(root, limits, findings);
}

void examine_gpu_blocking(const std::string& root, const std::string& backend_folder, Findings& findings) {
    struct Kind {
        std::string_view name;
        std::string_view library;
        bool device_present;
    };
    const auto nvidia = names_in(root + "/dev", is_nvidia_device);
    const auto render = names_in(root + "/dev/dri", [](std::string_view n) { return n.starts_with("renderD"); });
    const bool amd = std::filesystem::exists(root + "/dev/kfd");
    const std::array<Kind, 3> kinds{{{"NVIDIA", "libggml-cuda.so", !nvidia.empty()},
                                     {"AMD", "libggml-hip.so", amd},
                                     {"Vulkan", "libggml-vulkan.so", !render.empty() || !nvidia.empty()}}};
    Finding finding{std::string(area), "gpu", Mark::ok, {}, {}};
    auto models = nvidia_models(root);
    if (models.empty()) models = nvidia;
    if (models.empty() && amd) models.emplace_back("an AMD device");
    if (models.empty() && !render.empty()) models = render;

    std::vector<std::string_view> libraries;
    std::vector<std::string_view> usable;
    for (const auto& kind : kinds) {
        if (!std::filesystem::exists(fmt::format("{}/{}", backend_folder, kind.library))) continue;
        libraries.push_back(kind.library);
        if (kind.device_present) usable.push_back(kind.library);
    }
    if (models.empty()) {
        finding.fact = libraries.empty()
                           ? "none found: models run on the processor"
                           : fmt::format("none found, though {} is installed", fmt::join(libraries, ", "));
    } else if (!usable.empty()) {
        finding.fact = fmt::format("{}, reached through {}", fmt::join(models, ", "), fmt::join(usable, ", "));
    } else {
        finding.mark = Mark::warn;
        finding.fact = fmt::format("{}, but no back end for it: models run on the processor", fmt::join(models, ", "));
        finding.remedy =
            fmt::format("put {} in {}", nvidia.empty() ? (amd ? kinds[1].library : kinds[2].library) : kinds[0].library,
                        backend_folder);
    }
    const bool has_tool = std::filesystem::exists(root + "/usr/bin/nvidia-smi");
    if (has_tool && nvidia.empty()) {
        finding.mark = Mark::warn;
        finding.fact += "; nvidia-smi is installed, but there is no /dev/nvidia0";
        finding.remedy = "load the NVIDIA driver, or give this container its GPU";
    }
    findings.push_back(std::move(finding));
}

void examine_cpu_variants(const std::vector<engine::CpuVariant>& variants, Findings& findings) {
    bool found = false;
    for (const auto& variant : variants) {
        Finding finding{"engine", fmt::format("cpu {}", variant.name), Mark::ok, {}, {}};
        if (variant.score == 0) {
            finding.fact = "not for this processor";
        } else if (variant.proven) {
            finding.fact = fmt::format("works, score {}{}", variant.score, found ? "" : "; this one is used");
            found = true;
        } else if (variant.reason.empty()) {
            finding.fact = fmt::format("score {}, not tried: a better one works", variant.score);
        } else {
            finding.mark = Mark::warn;
            finding.fact = fmt::format("score {}, but {}", variant.score, variant.reason);
            finding.remedy = "nothing needs doing: workers use the next one, more slowly; report it if it stays";
        }
        findings.push_back(std::move(finding));
    }
    if (found) return;
    findings.push_back({"engine", "cpu back end", Mark::fail, "none works on this processor",
                        "reinstall forebay for this machine, or use runtimes with 'url' on another one"});
}

}  // namespace forebay::app
