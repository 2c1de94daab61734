#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <memory>

#include "app/commands.h"
#include "app/doctor.h"
#include "engine/backends.h"

namespace forebay::app {
namespace {

struct DoctorOptions {
    std::string config_file = "forebay.yaml";
    std::string data_folder = "data";
    bool config_was_named = false;
    bool json = false;
};

std::optional<std::uint64_t> open_files_max() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
    return limit.rlim_cur;
}

Findings examine_everything_blocking(const DoctorOptions& options) {
    const std::string root;  // this machine
    Findings findings;
    ConfigurationContext context;
    context.file_was_named = options.config_was_named;
    context.open_files_max = open_files_max();
    context.memory_bytes = examine_machine_blocking(root, findings);
    const auto backend_folder = engine::default_backend_folder();
    examine_gpu_blocking(root, backend_folder, findings);
    findings.push_back({"engine", "llama.cpp", Mark::ok, engine::llama_version(), {}});
    examine_cpu_variants(engine::probe_cpu_variants_blocking("/proc/self/exe", backend_folder), findings);
    const storage::DataFolder folder{options.data_folder};
    context.server_process = examine_data_blocking(folder, root, findings);
    examine_configuration_blocking(options.config_file, context, findings);
    return findings;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<DoctorOptions>();
    auto* command =
        app.add_subcommand("doctor", "Shows what this machine has and what keeps Forebay from running well");
    command->footer("Example:\n  forebay doctor --config forebay.yaml --data data");
    auto* config_option = command->add_option("--config", options->config_file, "The configuration file")
                              ->type_name("FILE")
                              ->capture_default_str();
    command->add_option("--data", options->data_folder, "The data folder")->type_name("DIR")->capture_default_str();
    command->add_flag("--json", options->json, "Prints one JSON object");
    command->callback([options, config_option, &exit_code] {
        options->config_was_named = config_option->count() > 0;
        const auto findings = examine_everything_blocking(*options);
        const auto text = options->json ? to_json(findings) : to_text(findings);
        std::fwrite(text.data(), 1, text.size(), stdout);
        exit_code = any_failed(findings) ? exit_failed : exit_done;
    });
}

}  // namespace forebay::app
