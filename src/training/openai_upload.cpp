#include "training/openai_upload.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/random.h"

namespace forebay::training {
namespace {

constexpr std::string_view files_prefix = "files:";
constexpr unsigned pages_max = 20;
constexpr double bytes_of_megabyte = 1024.0 * 1024.0;

// The whole file inside a multipart body.
Result<std::shared_ptr<const std::string>> body_with(const std::string& path, std::uint64_t bytes,
                                                     const MultipartFrame& frame) {
    auto body = std::make_shared<std::string>(frame.head);
    body->resize(frame.head.size() + bytes);
    std::ifstream file(path, std::ios::binary);
    file.read(body->data() + frame.head.size(), static_cast<std::streamsize>(bytes));
    if (!file || static_cast<std::uint64_t>(file.gcount()) != bytes) {
        return fail(Code::unavailable, "cannot read '{}': {}", path, file.eof() ? "it shrank" : std::strerror(errno));
    }
    body->append(frame.tail);
    return std::shared_ptr<const std::string>(std::move(body));
}

// Looks through the pages of a list; nothing where the API has no such list.
template <class T>
Result<std::optional<std::string>> find_in_list(OpenaiApi& api, const ApiRequest& first_page,
                                                Result<Page<T>> (*parse)(std::string_view),
                                                const std::function<bool(const T&)>& matches) {
    ApiRequest request = first_page;
    for (unsigned pages = 0; pages < pages_max; ++pages) {
        Page<T> page;
        const auto take = [&](std::string_view body) -> Result<void> {
            FOREBAY_TRY(page, parse(body));
            return {};
        };
        const auto listed = api.request_blocking(request, api.options().attempts_max, take);
        if (!listed && listed.error().code == Code::not_found) return std::optional<std::string>();
        if (!listed) return std::unexpected(listed.error());
        for (const T& item : page.items) {
            if (matches(item)) return std::optional<std::string>(item.id);
        }
        if (!page.has_more || page.items.empty()) break;
        request.path = first_page.path + "&after=" + percent_encoded(page.items.back().id);
    }
    return std::optional<std::string>();
}

// Whether the request may have had its effect although its answer does not say so.
bool is_in_doubt(const Result<ApiAnswer>& attempt) {
    return !attempt || attempt->status >= 500 || attempt->status == 408 || attempt->status == 409 ||
           (attempt->status >= 200 && attempt->status < 300);
}

}  // namespace

RemoteState parse_remote_state(const std::string& text) {
    RemoteState state;
    if (!text.starts_with(files_prefix)) {
        state.begun = !text.empty();
        state.job = text;
        return state;
    }
    state.begun = true;
    std::string_view rest = std::string_view(text).substr(files_prefix.size());
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        state.files.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return state;
}

std::string to_string(const RemoteState& state) {
    if (!state.job.empty()) return state.job;
    if (!state.begun) return "";
    return fmt::format("{}{}", files_prefix, fmt::join(state.files, ","));
}

JobMaker::JobMaker(OpenaiApi& api, const OpenaiDriver::Options& options, const Recipe& recipe, RunFolder& folder,
                   const Progress& progress)
    : api_(api),
      options_(options),
      recipe_(recipe),
      folder_(folder),
      progress_(progress),
      remote_(parse_remote_state(folder.state().remote_job)),
      resumed_(remote_.begun) {}

Result<void> JobMaker::save_blocking() {
    RunState state = folder_.state();
    state.remote_job = to_string(remote_);
    return folder_.save_blocking(state);
}

Result<std::string> JobMaker::job_blocking() {
    if (!remote_.job.empty()) return remote_.job;
    if (!remote_.begun) {
        remote_.begun = true;
        FOREBAY_TRY_VOID(save_blocking());
    }
    if (remote_.files.empty()) FOREBAY_TRY_VOID(upload_blocking(recipe_.data.train, "train"));
    const bool evaluates = !recipe_.data.evaluation.empty();
    if (evaluates && remote_.files.size() == 1) {
        FOREBAY_TRY_VOID(upload_blocking(recipe_.data.evaluation, "evaluation"));
    }
    FOREBAY_TRY(remote_.job, create_blocking());
    FOREBAY_TRY_VOID(save_blocking());
    progress_.on_line(fmt::format("made the fine-tuning job {}", remote_.job));
    return remote_.job;
}

Result<void> JobMaker::upload_blocking(const std::string& path, const std::string& role) {
    std::error_code error;
    const std::uint64_t bytes = std::filesystem::file_size(path, error);
    if (error) return fail(Code::not_found, "cannot read '{}': {}", path, error.message());
    if (bytes == 0) return fail(Code::invalid_argument, "'{}' is empty", path);
    if (bytes > options_.file_bytes_max) {
        const auto megabytes = [](std::uint64_t count) { return static_cast<double>(count) / bytes_of_megabyte; };
        return fail(Code::too_large, "'{}' has {:.1f} MB; a fine-tuning API takes at most {:.0f} MB a file", path,
                    megabytes(bytes), megabytes(options_.file_bytes_max));
    }
    const std::string filename = fmt::format("{}-{}.jsonl", folder_.state().id, role);
    const std::string boundary = "forebay-" + random_token(32);
    ApiRequest request;
    request.method = "POST";
    request.path = "/files";
    request.content_type = "multipart/form-data; boundary=" + boundary;
    request.idempotency_key = fmt::format("{}-{}", folder_.state().id, role);
    request.deadline = options_.upload_deadline;
    FOREBAY_TRY(request.body, body_with(path, bytes, multipart_frame(boundary, filename)));

    const auto find = [&] { return find_file_blocking(filename, bytes); };
    const auto parse = [](std::string_view body) -> Result<std::string> {
        FOREBAY_TRY(auto file, parse_file(body));
        return file.id;
    };
    FOREBAY_TRY(auto id, make_once_blocking(request, find, parse));
    remote_.files.push_back(std::move(id));
    FOREBAY_TRY_VOID(save_blocking());
    progress_.on_line(fmt::format("uploaded '{}' as {}", path, remote_.files.back()));
    return {};
}

Result<std::string> JobMaker::create_blocking() {
    const std::string validation = remote_.files.size() > 1 ? remote_.files[1] : std::string();
    ApiRequest request;
    request.method = "POST";
    request.path = "/fine_tuning/jobs";
    request.content_type = "application/json";
    request.idempotency_key = folder_.state().id;
    request.deadline = options_.request_deadline;
    // A stop that cut it would leave in doubt whether there is a job that costs money.
    request.interruptible = false;
    request.body = std::make_shared<const std::string>(job_request(recipe_, remote_.files[0], validation));
    const auto parse = [](std::string_view body) -> Result<std::string> {
        FOREBAY_TRY(auto job, parse_job(body));
        return job.id;
    };
    return make_once_blocking(request, [this] { return find_job_blocking(); }, parse);
}

Result<std::string> JobMaker::make_once_blocking(const ApiRequest& request, const Find& find, const Parse& parse) {
    bool in_doubt = resumed_;
    for (unsigned number = 1;; ++number) {
        if (in_doubt) {
            FOREBAY_TRY(auto found, find());
            if (found) return *std::move(found);
        }
        if (api_.stop_asked()) return fail(Code::cancelled, "stopped");
        const auto attempt = api_.exchange_blocking(request);
        Verdict verdict = api_.judge(attempt);
        if (verdict.what == Verdict::What::done) {
            auto id = parse(attempt->body);
            if (id) return id;
            verdict = {Verdict::What::again, id.error(), {}};
        }
        if (verdict.what == Verdict::What::give_up) return std::unexpected(std::move(verdict.error));
        if (number >= options_.attempts_max) {
            verdict.error.message += fmt::format("; gave up after {} attempts", number);
            return std::unexpected(std::move(verdict.error));
        }
        in_doubt = is_in_doubt(attempt);
        FOREBAY_TRY_VOID(api_.pause_blocking(number + 1, verdict.retry_after));
    }
}

Result<std::optional<std::string>> JobMaker::find_file_blocking(const std::string& filename, std::uint64_t bytes) {
    ApiRequest request;
    request.path = "/files?purpose=fine-tune&limit=100&order=desc";
    request.deadline = options_.request_deadline;
    const std::function<bool(const ApiFile&)> matches = [&](const ApiFile& file) {
        return file.filename == filename && file.bytes == bytes;
    };
    return find_in_list<ApiFile>(api_, request, parse_files, matches);
}

Result<std::optional<std::string>> JobMaker::find_job_blocking() {
    ApiRequest request;
    request.path = "/fine_tuning/jobs?limit=100";
    request.deadline = options_.request_deadline;
    const std::function<bool(const ApiJob&)> matches = [&](const ApiJob& job) {
        return job.training_file == remote_.files[0];
    };
    return find_in_list<ApiJob>(api_, request, parse_jobs, matches);
}

}  // namespace forebay::training
