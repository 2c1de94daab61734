// Trains a recipe at an API with OpenAI's fine-tuning endpoints: uploads the data, makes a job, follows it to its end.
//
// What it sends   recipe.data.train and, where there is one, recipe.data.evaluation; model, epochs, batch, seed and the
//                 recipe's name as suffix. The learning rate is the API's choice; steps_max, early_stop and a held-back
//                 part of `train` are not the API's to take, which is told as a line.
// Durable         RunState.remote_job is "files:" before the first upload, "files:ID[,ID]" after each, then the job's
// id.
//                 A killed run asks the API for what its last request may have made (files by their name, which holds
//                 the run's id; jobs by their training file) before it makes anything again, so that it never pays for
//                 a second job. Requests carry the run's id as Idempotency-Key too.
// Stop            leaves the job running at the API; the error says how to cancel it there.
// Threads         run_blocking on any one thread that is not one of the I/O threads.
// Errors          invalid_argument: the recipe asks for what the API cannot do, or the API refuses the data or the job;
//                 too_large: a file above file_bytes_max; conflict: the job was cancelled at the API;
//                 bad_upstream: the job failed; cancelled; and those of openai_api.h. Whatever ended a run before its
//                 job did, a later call goes on.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "exec/io_threads.h"
#include "training/driver.h"
#include "training/openai_api.h"

namespace forebay::training {

class OpenaiDriver final : public TrainingDriver {
public:
    struct Options {
        std::string ca_file;  // PEM bundle instead of the system's
        std::chrono::milliseconds poll_every{10'000};
        std::chrono::milliseconds request_deadline{60'000};
        std::chrono::milliseconds upload_deadline{1'800'000};
        unsigned attempts_max = 8;
        unsigned poll_attempts_max = 40;  // about half an hour without the API before it gives up following
        std::uint64_t file_bytes_max = 512ull * 1024 * 1024;
        ApiTime time = system_time();
    };
    // `threads` run, and outlive the driver.
    OpenaiDriver(exec::IoThreads& threads, Options options) : threads_(threads), options_(std::move(options)) {}

    Result<TrainingOutput> run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) override;

private:
    exec::IoThreads& threads_;
    const Options options_;
};

}  // namespace forebay::training
