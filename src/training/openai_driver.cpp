#include "training/openai_driver.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "training/measured_curve.h"
#include "training/openai_events.h"
#include "training/openai_job.h"
#include "training/openai_upload.h"

namespace forebay::training {
namespace {

constexpr std::uint64_t result_file_bytes_max = 64ull * 1024 * 1024;

Result<void> check_recipe(const Recipe& recipe) {
    const auto refuse = [](std::string param, std::string reason) -> Result<void> {
        return fail_field(std::move(param), "a fine-tuning API " + reason);
    };
    if (recipe.driver.base_url.empty()) return fail_field("driver.base_url", "driver.base_url is missing");
    if (recipe.driver.model.empty())
        return refuse("driver.model", "must be told which of its models to tune: driver.model");
    if (recipe.from_scratch) return refuse("base", "tunes its own models; it trains none from scratch");
    if (recipe.data.format != Format::chat) return refuse("data.format", "takes chats, not texts: data.format: chat");
    if (recipe.loss != LossOn::assistant) return refuse("loss", "learns the assistant's tokens only: loss: assistant");
    return {};
}

// What the recipe asks for and the API does not take; told once, so that nobody believes otherwise.
std::string not_taken(const Recipe& recipe) {
    std::vector<std::string_view> keys;
    if (recipe.steps_max > 0) keys.push_back("steps_max");
    if (recipe.early_stop > 0) keys.push_back("early_stop");
    if (recipe.data.evaluation.empty() && recipe.data.evaluation_part > 0) keys.push_back("data.evaluation_part");
    if (keys.empty()) return "";
    return fmt::format("not done by a fine-tuning API, and left out: {}", fmt::join(keys, ", "));
}

// Follows one job to its end.
class JobWatch {
public:
    JobWatch(OpenaiApi& api, const OpenaiDriver::Options& options, RunFolder& folder, const Progress& progress,
             std::string job)
        : api_(api),
          options_(options),
          folder_(folder),
          progress_(progress),
          job_(std::move(job)),
          feed_(api, job_, folder.path() + "/events.jsonl", options.poll_attempts_max),
          curve_(folder, MeasuredCurve::StepBack::ignored, false) {}

    Result<TrainingOutput> follow_blocking();

private:
    Result<ApiJob> look_blocking();
    Result<void> tell_events_blocking(const ApiJob& job);
    Result<void> put_blocking(const Measured& measured, double seconds);
    Result<TrainingOutput> succeeded_blocking(const ApiJob& job);
    Result<void> curve_from_files_blocking(const ApiJob& job);
    std::unexpected<Error> failure_of(const ApiJob& job) const;

    OpenaiApi& api_;
    const OpenaiDriver::Options& options_;
    RunFolder& folder_;
    const Progress& progress_;
    const std::string job_;
    EventFeed feed_;
    MeasuredCurve curve_;
    std::string status_;
    bool told_no_events_ = false;
};

Result<TrainingOutput> JobWatch::follow_blocking() {
    // Points whose step the state does not know come again with their events.
    FOREBAY_TRY_VOID(folder_.cut_curve_blocking(folder_.state().steps));
    for (;;) {
        FOREBAY_TRY(const auto job, look_blocking());
        FOREBAY_TRY_VOID(tell_events_blocking(job));
        if (job.status == "succeeded") return succeeded_blocking(job);
        if (job.has_ended()) return failure_of(job);
        FOREBAY_TRY_VOID(api_.wait_blocking(options_.poll_every));
    }
}

Result<ApiJob> JobWatch::look_blocking() {
    ApiRequest request;
    request.path = "/fine_tuning/jobs/" + percent_encoded(job_);
    request.deadline = options_.request_deadline;
    ApiJob job;
    const auto take = [&job](std::string_view body) -> Result<void> {
        FOREBAY_TRY(job, parse_job(body));
        return {};
    };
    FOREBAY_TRY_VOID(api_.request_blocking(request, options_.poll_attempts_max, take));
    if (job.status != status_) {
        status_ = job.status;
        progress_.on_line(fmt::format("job {}: {}{}", job_, api_.fit_to_show(status_),
                                      status_ == "paused" ? "; it goes on when it is resumed at the API" : ""));
    }
    return job;
}

Result<void> JobWatch::put_blocking(const Measured& measured, double seconds) {
    FOREBAY_TRY(const auto point, curve_.put_blocking(measured, seconds));
    if (point) progress_.on_step(*point, curve_.state());
    return {};
}

Result<void> JobWatch::tell_events_blocking(const ApiJob& job) {
    FOREBAY_TRY(const auto events, feed_.fetch_blocking(job.has_ended()));
    if (!feed_.supported() && !std::exchange(told_no_events_, true)) progress_.on_line("the API lists no events");
    std::vector<const ApiEvent*> measured;
    for (const ApiEvent& event : events) {
        if (event.metrics) {
            measured.push_back(&event);
            continue;
        }
        const bool plain = event.level.empty() || event.level == "info";
        const std::string text = api_.fit_to_show(event.message);
        progress_.on_line(plain ? text : fmt::format("{}: {}", api_.fit_to_show(event.level), text));
        FOREBAY_TRY_VOID(feed_.keep_blocking(event));
    }
    // Times are whole seconds: within one, only the step tells the order.
    std::ranges::sort(measured, {}, [](const ApiEvent* event) { return std::pair(event->metrics->step, event); });
    for (const ApiEvent* event : measured) {
        const auto seconds = static_cast<double>(std::max<std::int64_t>(event->created_at - job.created_at, 0));
        FOREBAY_TRY_VOID(put_blocking(*event->metrics, seconds));
    }
    if (measured.empty()) return {};
    FOREBAY_TRY_VOID(curve_.save_blocking());
    for (const ApiEvent* event : measured) FOREBAY_TRY_VOID(feed_.keep_blocking(*event));
    return {};
}

Result<void> JobWatch::curve_from_files_blocking(const ApiJob& job) {
    for (const std::string& file : job.result_files) {
        ApiRequest request;
        request.path = fmt::format("/files/{}/content", percent_encoded(file));
        request.deadline = options_.request_deadline;
        request.answer_bytes_max = result_file_bytes_max;
        std::vector<Measured> points;
        const auto take = [&points](std::string_view body) -> Result<void> {
            FOREBAY_TRY(points, parse_result_file(body));
            return {};
        };
        const auto read = api_.request_blocking(request, options_.attempts_max, take);
        if (!read && read.error().code == Code::cancelled) return read;
        if (!read) {
            // The model is made; a curve that cannot be had must not lose it.
            progress_.on_line(fmt::format("the job's result file {} cannot be read: {}", api_.fit_to_show(file),
                                          read.error().message));
            continue;
        }
        for (const Measured& point : points) FOREBAY_TRY_VOID(put_blocking(point, 0));
    }
    return {};
}

Result<TrainingOutput> JobWatch::succeeded_blocking(const ApiJob& job) {
    if (job.fine_tuned_model.empty()) {
        return fail(Code::bad_upstream, "the fine-tuning job {} succeeded, but names no model", job_);
    }
    if (curve_.state().steps == 0) FOREBAY_TRY_VOID(curve_from_files_blocking(job));
    if (job.trained_tokens > 0) curve_.state().tokens = job.trained_tokens;
    FOREBAY_TRY_VOID(curve_.save_blocking());
    if (const auto plotted = folder_.plot_blocking(); !plotted) progress_.on_line(plotted.error().message);
    TrainingOutput output;
    output.remote_model = job.fine_tuned_model;
    return output;
}

std::unexpected<Error> JobWatch::failure_of(const ApiJob& job) const {
    if (job.status == "cancelled") {
        return fail(Code::conflict, "the fine-tuning job {} was cancelled at the API; start a new run", job_);
    }
    Error error;
    // Where the API names a parameter, what it was given is at fault.
    error.code = job.error_param.empty() ? Code::bad_upstream : Code::invalid_argument;
    error.message = fmt::format("the fine-tuning job {} failed: {}", job_,
                                job.error_message.empty() ? "(no reason given)" : api_.fit_to_show(job.error_message));
    if (!job.error_code.empty()) error.message += fmt::format(" ({})", api_.fit_to_show(job.error_code));
    error.param = api_.fit_to_show(job.error_param);
    if (!error.param.empty()) error.message += fmt::format(", about {}", error.param);
    return std::unexpected(std::move(error));
}

}  // namespace

Result<TrainingOutput> OpenaiDriver::run_blocking(const Recipe& recipe, RunFolder& folder, const Progress& progress) {
    FOREBAY_TRY_VOID(check_recipe(recipe));
    const Progress complete = completed(progress);
    OpenaiApi::Options api_options;
    api_options.base_url = recipe.driver.base_url;
    api_options.key = recipe.driver.api_key;
    api_options.ca_file = options_.ca_file;
    api_options.attempts_max = options_.attempts_max;
    api_options.time = options_.time;
    api_options.stop_asked = complete.stop_asked;
    FOREBAY_TRY(const auto api, OpenaiApi::open(threads_, std::move(api_options)));
    if (const std::string left_out = not_taken(recipe); !left_out.empty()) complete.on_line(left_out);

    JobMaker maker(*api, options_, recipe, folder, complete);
    auto job = maker.job_blocking();
    if (!job && job.error().code == Code::cancelled) {
        return fail(Code::cancelled,
                    "stopped before the API confirmed a fine-tuning job; a resumed run goes on from here");
    }
    if (!job) return std::unexpected(std::move(job).error());

    JobWatch watch(*api, options_, folder, complete, *job);
    auto output = watch.follow_blocking();
    if (!output && output.error().code == Code::cancelled) {
        return fail(Code::cancelled,
                    "stopped following; the fine-tuning job {0} goes on at the API. To cancel it: POST "
                    "{1}/fine_tuning/jobs/{0}/cancel",
                    *job, recipe.driver.base_url);
    }
    return output;
}

}  // namespace forebay::training
