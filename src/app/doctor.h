// What `forebay doctor` finds out, apart from how it is printed. Each examine function looks at one area
// and appends its findings; none changes anything, and none contacts another machine.
//
// Threads  one at a time; all block on the file system or the kernel.
// Errors   none: what cannot be found out is itself a finding, or is left out where that is usual (a
//          container without cgroup files).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "engine/engine.h"
#include "storage/data_folder.h"

namespace forebay::app {

enum class Mark { ok, warn, fail };
std::string_view name_of(Mark mark);

struct Finding {
    std::string area;     // "machine", "engine", "data", "configuration"
    std::string subject;  // what was looked at: "memory", "runtime tiny"
    Mark mark = Mark::ok;
    std::string fact;
    std::string remedy;  // what to do about it; not empty unless mark is ok
};
using Findings = std::vector<Finding>;

// Processor, cores, memory, limits of the control group, GPUs. `root` is where /proc, /sys and /dev are:
// "" on this machine, a folder of recorded files in tests. Returns the bytes of memory that a new process
// can have, where known.
std::optional<std::uint64_t> examine_machine_blocking(const std::string& root, Findings& findings);
// The GPU back ends in `backend_folder` against the devices under `root`.
void examine_gpu_blocking(const std::string& root, const std::string& backend_folder, Findings& findings);
void examine_cpu_variants(const std::vector<engine::CpuVariant>& variants, Findings& findings);

// Returns the process that holds the folder's lock, which is a running server; `root` as above.
std::optional<int> examine_data_blocking(const storage::DataFolder& folder, const std::string& root,
                                         Findings& findings);

struct ConfigurationContext {
    bool file_was_named = false;                  // by --config: then it must exist
    std::optional<int> server_process;            // a server that runs with this data folder
    std::optional<std::uint64_t> memory_bytes;    // what a worker can have
    std::optional<std::uint64_t> open_files_max;  // this process's limit
};
// The file itself, then what it names: address, TLS files, runtimes, providers.
void examine_configuration_blocking(const std::string& file, const ConfigurationContext& context, Findings& findings);
// The parts of the above that need no file.
void examine_listen_blocking(const config::ListenAddress& listen, std::optional<int> server_process,
                             Findings& findings);
void examine_runtime_blocking(const config::RuntimeSettings& runtime, std::optional<std::uint64_t> memory_bytes,
                              Findings& findings);

bool any_failed(const Findings& findings);
// Aligned lines by area, a "fix:" line under what is not ok, and a last line with the counts.
std::string to_text(const Findings& findings);
// {"ok":true,"findings":[{"area":…,"subject":…,"mark":"ok","fact":…,"remedy":…}]}
std::string to_json(const Findings& findings);

// "1.5 GiB".
std::string readable_bytes(std::uint64_t bytes);

}  // namespace forebay::app
