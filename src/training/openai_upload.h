// Making a job at the API at most once: files first, then the job, each looked for before it is made again.
//
// Threads  one, the driver's.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "training/driver.h"
#include "training/openai_api.h"
#include "training/openai_driver.h"
#include "training/openai_job.h"

namespace forebay::training {

// What RunState.remote_job says.
struct RemoteState {
    bool begun = false;              // something may have been uploaded
    std::vector<std::string> files;  // training, evaluation
    std::string job;
};
RemoteState parse_remote_state(const std::string& text);
std::string to_string(const RemoteState& state);

class JobMaker {
public:
    JobMaker(OpenaiApi& api, const OpenaiDriver::Options& options, const Recipe& recipe, RunFolder& folder,
             const Progress& progress);
    // The job's id, which is in the folder's state by then.
    Result<std::string> job_blocking();

private:
    using Find = std::function<Result<std::optional<std::string>>()>;
    using Parse = std::function<Result<std::string>(std::string_view body)>;
    Result<void> save_blocking();
    Result<void> upload_blocking(const std::string& path, const std::string& role);
    Result<std::string> create_blocking();
    // Sends until it is answered, but asks `find` first whenever an earlier attempt may have had its effect.
    Result<std::string> make_once_blocking(const ApiRequest& request, const Find& find, const Parse& parse);
    Result<std::optional<std::string>> find_file_blocking(const std::string& filename, std::uint64_t bytes);
    Result<std::optional<std::string>> find_job_blocking();

    OpenaiApi& api_;
    const OpenaiDriver::Options& options_;
    const Recipe& recipe_;
    RunFolder& folder_;
    const Progress& progress_;
    RemoteState remote_;
    bool resumed_ = false;
};

}  // namespace forebay::training
