// The objects of the fine-tuning API as this project reads and writes them: files, jobs, events, result files.
//
// Schema  the published OpenAPI description of the OpenAI API, version 2.3.0: OpenAIFile, FineTuningJob,
//         FineTuningJobEvent, CreateFineTuningJobRequest.
// Errors  bad_upstream: not JSON, or without what the schema requires.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "training/measured_curve.h"
#include "training/recipe.h"

namespace forebay::training {

struct ApiFile {
    std::string id;
    std::string filename;
    std::string purpose;
    std::uint64_t bytes = 0;
};
Result<ApiFile> parse_file(std::string_view body);

struct ApiJob {
    std::string id;
    std::string
        status;  // validating_files, queued, running, paused, succeeded, failed, cancelled; others are passed on
    std::string fine_tuned_model;
    std::string training_file;
    std::int64_t created_at = 0;  // seconds since 1970
    std::uint64_t trained_tokens = 0;
    std::vector<std::string> result_files;
    std::string error_code, error_message, error_param;

    bool has_ended() const { return status == "succeeded" || status == "failed" || status == "cancelled"; }
};
Result<ApiJob> parse_job(std::string_view body);

struct ApiEvent {
    std::string id;
    std::int64_t created_at = 0;
    std::string level;  // info, warn, error
    std::string message;
    std::optional<Measured> metrics;  // of a metrics event; the evaluation loss is over the whole validation file where
                                      // the API says that, else over a batch of it
};

// One page of a list.
template <class T>
struct Page {
    std::vector<T> items;
    bool has_more = false;
};
Result<Page<ApiFile>> parse_files(std::string_view body);
Result<Page<ApiJob>> parse_jobs(std::string_view body);
Result<Page<ApiEvent>> parse_events(std::string_view body);

// The body of POST /fine_tuning/jobs. The seed is the recipe's modulo 2^31, the suffix the first 64 characters of its
// name; `validation_file` may be empty.
std::string job_request(const Recipe& recipe, const std::string& training_file, const std::string& validation_file);

// A result file: CSV with a heading; some APIs send it in base64. Rows without a step are left out.
Result<std::vector<Measured>> parse_result_file(std::string_view text);

// What stands around a file's content in multipart/form-data (RFC 7578) with the fields purpose=fine-tune and file.
struct MultipartFrame {
    std::string head, tail;
};
MultipartFrame multipart_frame(const std::string& boundary, const std::string& filename);

}  // namespace forebay::training
