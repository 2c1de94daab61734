#include "engine/backends.h"

#include <dlfcn.h>
#include <ggml-backend.h>
#include <llama.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/log.h"
#include "engine/llama_log.h"

namespace forebay::engine {
namespace {

constexpr std::string_view cpu_prefix = "libggml-cpu-";
constexpr std::string_view library_prefix = "libggml-";
constexpr std::string_view library_suffix = ".so";
constexpr const char* variant_variable = "FOREBAY_CPU_VARIANT";

using ScoreFunction = int (*)();  // exported by each CPU library as ggml_backend_score

std::vector<std::filesystem::path> libraries_in(const std::string& folder, std::string_view prefix) {
    std::vector<std::filesystem::path> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(library_suffix)) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

// 0 when the library cannot be opened or says that this processor cannot run it.
int score_of(const std::filesystem::path& library, std::string& reason) {
    void* opened = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!opened) {
        reason = dlerror();
        return 0;
    }
    int score = 0;
    if (void* symbol = dlsym(opened, "ggml_backend_score")) {
        score = reinterpret_cast<ScoreFunction>(symbol)();
        if (score == 0) reason = "this processor lacks an instruction it needs";
    } else {
        reason = "it has no score function";
    }
    dlclose(opened);
    return score;
}

void load_other_backends(const std::string& folder) {
    for (const std::filesystem::path& library : libraries_in(folder, library_prefix)) {
        const std::string name = library.filename().string();
        if (name.starts_with(cpu_prefix) || name == "libggml-base.so" || name == "libggml-cpu.so") continue;
        if (!ggml_backend_load(library.c_str())) log::warning("back end {} could not be loaded", library.string());
    }
}

Result<CpuVariant> choose_cpu_variant(const std::string& folder) {
    const std::vector<CpuVariant> variants = score_cpu_variants_blocking(folder);
    if (variants.empty()) return fail(Code::unavailable, "no CPU back end (libggml-cpu-*.so) in '{}'", folder);
    if (const char* wanted = std::getenv(variant_variable); wanted && *wanted) {
        const auto found = std::ranges::find(variants, std::string_view(wanted), &CpuVariant::name);
        if (found == variants.end()) {
            return fail(Code::unavailable, "{}={} names no CPU back end in '{}'", variant_variable, wanted, folder);
        }
        if (found->score == 0) {
            return fail(Code::unavailable, "{}={}: {}", variant_variable, wanted, found->reason);
        }
        return *found;
    }
    if (variants.front().score == 0) {
        return fail(Code::unavailable, "no CPU back end in '{}' runs here; {}: {}", folder, variants.front().name,
                    variants.front().reason);
    }
    return variants.front();
}

Result<Backends> load_all(std::string folder) {
    install_llama_log();
    if (folder.empty()) folder = default_backend_folder();
    FOREBAY_TRY(const CpuVariant variant, choose_cpu_variant(folder));
    load_other_backends(folder);
    if (!ggml_backend_load(variant.file.c_str())) {
        return fail(Code::unavailable, "CPU back end '{}' could not be loaded", variant.file);
    }
    llama_backend_init();
    return Backends{std::move(folder), variant.name};
}

}  // namespace

std::string default_backend_folder() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&llama_backend_init), &info) == 0) return {};
    std::error_code error;
    const std::filesystem::path library = std::filesystem::canonical(info.dli_fname, error);
    return error ? std::string{} : library.parent_path().string();
}

std::vector<CpuVariant> score_cpu_variants_blocking(const std::string& folder) {
    std::vector<CpuVariant> variants;
    for (const std::filesystem::path& library : libraries_in(folder, cpu_prefix)) {
        const std::string stem = library.stem().string();
        CpuVariant variant{.name = stem.substr(cpu_prefix.size()), .file = library.string(), .reason = {}};
        variant.score = score_of(library, variant.reason);
        variants.push_back(std::move(variant));
    }
    std::ranges::sort(variants, [](const CpuVariant& a, const CpuVariant& b) {
        return a.score != b.score ? a.score > b.score : a.name < b.name;
    });
    return variants;
}

Result<Backends> load_backends_blocking(const std::string& folder) {
    static std::once_flag once;
    static std::optional<Result<Backends>> loaded;
    std::call_once(once, [&] { loaded = load_all(folder); });
    if (loaded->has_value() && !folder.empty() && folder != (*loaded)->folder) {
        log::warning("back ends were loaded from '{}' already; '{}' is not used", (*loaded)->folder, folder);
    }
    return *loaded;
}

}  // namespace forebay::engine
