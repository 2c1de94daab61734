// For tests: an API with fine-tuning endpoints on loopback, strict about what the published schema says of requests,
// and a run that is trained there in virtual time.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <mutex>
#include <set>
#include <span>

#include "net/test_rig.h"
#include "training/openai_driver.h"
#include "training/test_folder.h"

namespace forebay::training {

// What the API does to one request instead of, or after, what it should.
struct ApiFault {
    unsigned status = 0;         // this status at once
    std::string body;            // with it
    std::string retry_after;     // with it
    bool cut_before = false;     // closes without having done anything
    bool cut_after = false;      // does what is asked, and closes without a whole answer
    bool says_nonsense = false;  // does what is asked, and answers 200 with something else
};

struct ApiTestFile {
    std::string id, filename, purpose, content;
};

struct ApiTestEvent {
    std::string id;
    std::int64_t created_at;
    std::string message;
    std::string data;        // JSON of a metrics event; empty: a message
    unsigned from_look = 1;  // listed from this look at the job on
    std::string level = "info";
};

class FineTuningApi {
public:
    // What the tests script. Set it before the driver runs.
    std::vector<std::string> statuses{"validating_files", "queued", "running",
                                      "succeeded"};  // one a look; the last stays
    std::vector<ApiTestEvent> events;
    bool newest_first = true;
    bool lists_files_and_jobs = true;
    bool lists_events = true;
    std::string error = "null";  // of the job
    std::string fine_tuned_model = "ft:gpt-4o-mini:org:triage:7p4l";
    std::vector<std::pair<std::string, std::string>> result_files;  // id, content
    // Asked for each request: "POST /v1/files", the how-manieth of this kind (from 1).
    std::function<ApiFault(const std::string& what, unsigned count)> fault;

    // What the tests look at. The driver has returned by then, so that nothing moves.
    std::vector<ApiTestFile> files;
    std::vector<std::string> jobs;      // bodies of those that were made
    std::vector<std::string> requests;  // "GET /v1/files?limit=100"
    std::vector<std::string> refusals;  // why a request was answered with 400
    std::vector<std::string> idempotency_keys;
    unsigned count(const std::string& what) const {
        const auto found = counts_.find(what);
        return found == counts_.end() ? 0 : found->second;
    }

    exec::Task<void> answer(net::Exchange& exchange) {
        const net::Request request = exchange.request();
        const std::string path(request.path());
        const std::string what = request.method + " " + kind_of(path);
        requests.push_back(request.method + " " + request.target);
        const unsigned number = ++counts_[what];
        const ApiFault wrong = fault ? fault(what, number) : ApiFault{};
        net::Response response;
        if (wrong.status != 0) {
            response.status = wrong.status;
            response.body = wrong.body;
            if (!wrong.retry_after.empty()) response.headers.add("retry-after", wrong.retry_after);
        } else if (!wrong.cut_before) {
            response = respond(request, path);
        }
        if (wrong.says_nonsense) response.body = "<html>It works!</html>";
        if (wrong.cut_before || wrong.cut_after) {
            auto begun = co_await exchange.begin_stream(std::move(response));
            static_cast<void>(begun);
            co_return;
        }
        auto sent = co_await exchange.send(std::move(response));
        static_cast<void>(sent);
    }

private:
    using Object = boost::json::object;

    static std::string kind_of(const std::string& path) {
        if (path.ends_with("/events")) return "/v1/fine_tuning/jobs/ID/events";
        if (path.ends_with("/content")) return "/v1/files/ID/content";
        if (path.starts_with("/v1/fine_tuning/jobs/")) return "/v1/fine_tuning/jobs/ID";
        return path;
    }

    net::Response json(const boost::json::value& value) {
        net::Response response;
        response.headers.add("content-type", "application/json");
        response.body = boost::json::serialize(value);
        return response;
    }
    net::Response refuse(unsigned status, const std::string& message) {
        refusals.push_back(message);
        auto response = json(Object{{"error", Object{{"message", message}, {"type", "invalid_request_error"}}}});
        response.status = status;
        return response;
    }

    net::Response respond(const net::Request& request, const std::string& path) {
        if (request.headers.find("authorization").value_or("") != "Bearer sk-test") {
            return refuse(401, "Incorrect API key provided: sk-test.");
        }
        if (const auto key = request.headers.find("idempotency-key")) idempotency_keys.emplace_back(*key);
        const bool get = request.method == "GET";
        if (path == "/v1/files") return get ? list_files() : take_file(request);
        if (path == "/v1/fine_tuning/jobs") return get ? list_jobs() : make_job(request);
        for (const auto& [id, content] : result_files) {
            if (get && path == "/v1/files/" + id + "/content") return {200, {}, content};
        }
        if (get && path == "/v1/fine_tuning/jobs/ftjob-1" && !jobs.empty()) return json(look_at_job());
        if (get && path == "/v1/fine_tuning/jobs/ftjob-1/events" && lists_events) return list_events(request.target);
        return refuse(404, "there is no " + request.method + " " + path);
    }

    Object file_object(const ApiTestFile& file) {
        return {{"id", file.id},
                {"object", "file"},
                {"bytes", file.content.size()},
                {"created_at", 1721764000},
                {"filename", file.filename},
                {"purpose", file.purpose},
                {"status", "processed"}};
    }

    net::Response list_files() {
        if (!lists_files_and_jobs) return refuse(404, "no list");
        boost::json::array data;
        for (const auto& file : files) data.insert(data.begin(), file_object(file));
        return json(Object{{"object", "list"}, {"data", data}, {"has_more", false}});
    }

    net::Response take_file(const net::Request& request) {
        const std::string type(request.headers.find("content-type").value_or(""));
        const std::string prefix = "multipart/form-data; boundary=";
        if (!type.starts_with(prefix)) return refuse(400, "not multipart/form-data");
        const std::string boundary = type.substr(prefix.size());
        ApiTestFile file;
        std::set<std::string> names;
        std::string_view rest = request.body;
        const std::string first = "--" + boundary + "\r\n", next = "\r\n--" + boundary;
        if (!rest.starts_with(first)) return refuse(400, "does not begin with the boundary");
        rest.remove_prefix(first.size());
        for (;;) {
            const auto head_end = rest.find("\r\n\r\n");
            const auto end = rest.find(next);
            if (head_end == std::string_view::npos || end == std::string_view::npos || end < head_end) {
                return refuse(400, "a part without head or end");
            }
            const std::string head(rest.substr(0, head_end));
            const std::string content(rest.substr(head_end + 4, end - head_end - 4));
            const auto quoted = [&head](const std::string& key) {
                const auto at = head.find(" " + key + "=\"");
                if (at == std::string::npos) return std::string();
                const auto begin = at + key.size() + 3;
                return head.substr(begin, head.find('"', begin) - begin);
            };
            if (!head.starts_with("Content-Disposition: form-data; name=\"")) return refuse(400, "a part of no form");
            names.insert(quoted("name"));
            if (quoted("name") == "purpose") file.purpose = content;
            if (quoted("name") == "file") {
                file.filename = quoted("filename");
                file.content = content;
            }
            rest.remove_prefix(end + next.size());
            if (rest == "--\r\n") break;
            if (!rest.starts_with("\r\n")) return refuse(400, "text behind a boundary");
            rest.remove_prefix(2);
        }
        if (names != std::set<std::string>{"purpose", "file"}) return refuse(400, "not the fields purpose and file");
        if (file.purpose != "fine-tune") return refuse(400, "purpose is " + file.purpose);
        if (file.filename.empty() || file.content.empty()) return refuse(400, "an empty file");
        file.id = fmt::format("file-{}", files.size() + 1);
        files.push_back(file);
        return json(file_object(file));
    }

    bool knows_file(const boost::json::value& id) const {
        return id.is_string() &&
               std::ranges::any_of(files, [&](const auto& file) { return id.as_string() == file.id; });
    }

    // Empty: it is as the schema says.
    std::string fault_of_job(const Object& job) const {
        const std::set<std::string> known{"model", "training_file", "validation_file", "suffix", "seed", "method"};
        for (const auto& member : job) {
            if (!known.contains(std::string(member.key()))) return "unknown key " + std::string(member.key());
        }
        if (!job.contains("model") || !job.at("model").is_string()) return "no model";
        if (!job.contains("training_file") || !knows_file(job.at("training_file"))) return "no such training_file";
        if (job.contains("validation_file") && !knows_file(job.at("validation_file"))) return "no such validation_file";
        if (!job.at("suffix").is_string() || job.at("suffix").as_string().size() > 64) return "suffix";
        const auto seed = job.at("seed").to_number<std::int64_t>();
        if (seed < 0 || seed > 2147483647) return "seed";
        const Object& method = job.at("method").as_object();
        if (method.size() != 2 || method.at("type") != "supervised") return "method";
        const Object& numbers = method.at("supervised").at("hyperparameters").as_object();
        for (const auto& [key, value] : numbers) {
            if (key != "n_epochs" && key != "batch_size" && key != "learning_rate_multiplier") return "hyperparameters";
            if (!value.is_number() && value != "auto") return std::string(key);
        }
        return "";
    }

    net::Response make_job(const net::Request& request) {
        boost::system::error_code bad;
        const auto body = boost::json::parse(request.body, bad);
        if (bad || !body.is_object()) return refuse(400, "not a JSON object");
        if (const std::string wrong = fault_of_job(body.as_object()); !wrong.empty()) return refuse(400, wrong);
        jobs.push_back(request.body);
        return json(job_object("validating_files"));
    }

    Object job_object(const std::string& status) {
        const Object made = boost::json::parse(jobs.front()).as_object();
        const bool done = status == "succeeded";
        boost::json::array results;
        for (const auto& file : result_files) results.emplace_back(file.first);
        return {{"object", "fine_tuning.job"},
                {"id", "ftjob-1"},
                {"model", made.at("model")},
                {"created_at", 1721764800},
                {"finished_at", nullptr},
                {"fine_tuned_model", done ? boost::json::value(fine_tuned_model) : nullptr},
                {"organization_id", "org-1"},
                {"status", status},
                {"training_file", made.at("training_file")},
                {"validation_file", made.contains("validation_file") ? made.at("validation_file") : nullptr},
                {"result_files", done ? results : boost::json::array()},
                {"hyperparameters", made.at("method").at("supervised").at("hyperparameters")},
                {"trained_tokens", done ? boost::json::value(5768) : nullptr},
                {"error", status == "failed" ? boost::json::parse(error) : boost::json::value()},
                {"seed", made.at("seed")},
                {"method", made.at("method")}};
    }
    Object look_at_job() {
        ++looks_;
        return job_object(statuses[std::min<std::size_t>(looks_, statuses.size()) - 1]);
    }

    net::Response list_jobs() {
        if (!lists_files_and_jobs) return refuse(404, "no list");
        boost::json::array data;
        if (!jobs.empty()) data.push_back(job_object("queued"));
        return json(Object{{"object", "list"}, {"data", data}, {"has_more", false}});
    }

    static std::string query(const std::string& target, const std::string& name) {
        const auto at = target.find(name + "=");
        return at == std::string::npos
                   ? ""
                   : target.substr(at + name.size() + 1, target.find('&', at) - at - name.size() - 1);
    }

    net::Response list_events(const std::string& target) {
        std::vector<const ApiTestEvent*> listed;
        for (const auto& event : events) {
            if (event.from_look <= looks_) listed.push_back(&event);
        }
        if (newest_first) std::ranges::reverse(listed);
        if (const auto after = query(target, "after"); !after.empty()) {
            const auto at = std::ranges::find(listed, after, &ApiTestEvent::id);
            if (at == listed.end()) return refuse(400, "no event " + after);
            listed.erase(listed.begin(), at + 1);
        }
        const auto limit = boost::json::parse(query(target, "limit")).to_number<std::size_t>();
        if (limit < 1 || limit > 100) return refuse(400, "limit is 1 to 100");
        boost::json::array data;
        const std::size_t shown = std::min({limit, page_size, listed.size()});
        for (const auto* event : std::span(listed).first(shown)) {
            Object object{{"object", "fine_tuning.job.event"}, {"id", event->id},
                          {"created_at", event->created_at},   {"level", event->level},
                          {"message", event->message},         {"type", event->data.empty() ? "message" : "metrics"}};
            if (!event->data.empty()) object.emplace("data", boost::json::parse(event->data));
            data.push_back(std::move(object));
        }
        const bool more = listed.size() > shown;
        return json(Object{{"object", "list"}, {"data", data}, {"has_more", more}});
    }

public:
    std::size_t page_size = 100;  // the API's own limit of a page of events

private:
    std::map<std::string, unsigned> counts_;
    unsigned looks_ = 0;
};

// One run at one API, whose waits take no time.
struct OpenaiRig {
    OpenaiRig() : server([this](net::Exchange& exchange) { return api.answer(exchange); }) {
        recipe.name = "triage";
        recipe.data.train = data.write("train.jsonl", "{\"messages\":[]}\n");
        recipe.data.evaluation_part = 0;
        recipe.epochs = 3;
        recipe.batch = 8;
        recipe.driver.kind = DriverKind::openai;
        recipe.driver.base_url = fmt::format("http://127.0.0.1:{}/v1", server.port);
        recipe.driver.model = "gpt-4o-mini-2024-07-18";
        recipe.driver.api_key = config::Secret("sk-test");
        options.time.wait = [this](std::chrono::milliseconds span) {
            waited += span;
            if (on_wait) on_wait();
        };
        options.time.random = [] { return 0.5; };
        folder = *RunFolder::create_blocking(data.path() + "/training", "triage", "name: triage\n");
        progress.on_line = [this](const std::string& line) { lines.push_back(line); };
        progress.on_step = [this](const CurvePoint& point, const RunState&) { steps.push_back(point.step); };
        progress.stop_asked = [this] { return stop; };
    }

    Result<TrainingOutput> run() {
        OpenaiDriver driver(server.threads, options);
        return driver.run_blocking(recipe, *folder, progress);
    }
    // As after a kill: everything in memory is gone.
    void reopen() {
        const std::string id = folder->state().id;
        folder.reset();
        folder = *RunFolder::open_blocking(data.path() + "/training", id);
    }
    std::vector<CurvePoint> curve() const { return *read_curve_blocking(folder->path()); }

    FineTuningApi api;
    net::TestServer server;
    TestFolder data;
    Recipe recipe;
    OpenaiDriver::Options options;
    Progress progress;
    std::unique_ptr<RunFolder> folder;
    std::chrono::milliseconds waited{0};
    std::function<void()> on_wait;
    std::vector<std::string> lines;
    std::vector<std::uint64_t> steps;
    bool stop = false;
};

inline ApiTestEvent metrics_event(std::uint64_t step, unsigned from_look, std::int64_t at,
                                  const std::string& more = "") {
    return {
        fmt::format("ftevent-m{}", step), at, fmt::format("Step {}/4: training loss={:.2f}", step, 2.0 / step),
        fmt::format(R"({{"step":{},"train_loss":{},"total_steps":4{}}})", step, 2.0 / static_cast<double>(step), more),
        from_look};
}

}  // namespace forebay::training
