// The worker's endpoints over an engine that the test scripts, and the supervision of child processes over
// shell commands that speak a worker's lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "exec/wait.h"
#include "net/test_rig.h"
#include "openai/body_edit.h"
#include "runtime/child_process.h"
#include "runtime/fleet.h"
#include "runtime/worker.h"

namespace forebay::runtime {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::chrono::seconds patience{20};

// Answers each call at once with its words, or holds it until it is cancelled.
class ScriptedEngine final : public engine::Engine {
public:
    const engine::ModelInfo& model() const override { return info_; }
    engine::EngineStats stats() const override { return {}; }
    Result<engine::CallId> submit(engine::GenerateRequest request,
                                  std::shared_ptr<engine::Listener> listener) override {
        const std::lock_guard lock(mutex_);
        last = std::move(request);
        if (refuse.code != Code::internal) return std::unexpected(refuse);
        listener->on_started(5, 2);
        for (const auto& word : words) listener->on_token({word, {}, {}});
        if (hold) {
            held_ = std::move(listener);
        } else {
            listener->on_done(finish);
        }
        return 1;
    }
    void cancel(engine::CallId) override {
        const std::lock_guard lock(mutex_);
        cancelled.store(true);
        if (auto listener = std::exchange(held_, nullptr)) {
            engine::Finish ended;
            ended.reason = engine::FinishReason::cancelled;
            listener->on_done(ended);
        }
    }
    Result<std::uint32_t> count_tokens(const engine::GenerateRequest&) const override { return 5; }
    void stop_blocking() override {}

    std::vector<std::string> words{"The", " river", "."};
    Result<engine::Finish> finish = engine::Finish{.reason = engine::FinishReason::stop,
                                                   .stop_sequence = {},
                                                   .prompt_tokens = 5,
                                                   .cached_tokens = 2,
                                                   .completion_tokens = 3};
    Error refuse;
    bool hold = false;
    std::atomic<bool> cancelled{false};
    engine::GenerateRequest last;

private:
    std::mutex mutex_;
    std::shared_ptr<engine::Listener> held_;
    engine::ModelInfo info_;
};

struct WorkerRig {
    explicit WorkerRig(std::string key = "") : worker(options(std::move(key))) {
        port = *worker.start_blocking();
        worker.serve_model(engine);
    }
    ~WorkerRig() { worker.stop_blocking(std::chrono::milliseconds(0)); }
    static WorkerOptions options(std::string key) {
        WorkerOptions out;
        out.name = "tiny";
        out.listen.port = 0;
        out.key = config::Secret(std::move(key));
        return out;
    }
    std::string send(std::string_view text) const {
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        boost::system::error_code ignored;
        boost::asio::write(socket, boost::asio::buffer(text), ignored);
        std::string answer;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
        return answer;
    }
    std::string post(const std::string& path, const std::string& body, const std::string& headers = "") const {
        return send(fmt::format("POST {} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{}content-length: {}\r\n\r\n{}",
                                path, headers, body.size(), body));
    }
    std::string get(const std::string& path) const {
        return send("GET " + path + " HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    }

    ScriptedEngine engine;
    Worker worker;
    std::uint16_t port = 0;
};

const std::string chat = "/v1/chat/completions";
const std::string hi = R"({"model":"tiny","messages":[{"role":"user","content":"hi"}])";

TEST(Worker, AnswersAWholeChat) {
    WorkerRig rig;

    const auto answer = rig.post(chat, hi + R"(,"temperature":0,"seed":7,"max_tokens":9,"stop":"x"})");

    EXPECT_THAT(answer, HasSubstr(R"("content":"The river.")"));
    EXPECT_THAT(answer, HasSubstr(R"("finish_reason":"stop")"));
    EXPECT_THAT(
        answer,
        HasSubstr(
            R"("prompt_tokens":5,"completion_tokens":3,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":2})"));
    EXPECT_EQ(rig.engine.last.sampling.temperature, 0.0f);
    EXPECT_EQ(rig.engine.last.sampling.seed, 7);
    EXPECT_EQ(rig.engine.last.tokens_max, 9);
    EXPECT_EQ(rig.engine.last.stop, std::vector<std::string>{"x"});
}

TEST(Worker, StreamsRoleWordsFinishUsageAndDone) {
    WorkerRig rig;

    const auto answer = rig.post(chat, hi + R"(,"stream":true,"stream_options":{"include_usage":true}})");

    const auto role = answer.find(R"("role":"assistant")"), river = answer.find(R"({"content":" river"})"),
               finish = answer.find(R"("finish_reason":"stop")"), usage = answer.find(R"("choices":[],"usage":{)"),
               done = answer.find("data: [DONE]\n\n");
    EXPECT_TRUE(role < river && river < finish && finish < usage && usage < done && done != std::string::npos)
        << answer;
    EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
}

TEST(Worker, AnErrorAfterTheFirstTokenIsAnEventAndNoDone) {
    WorkerRig rig;
    rig.engine.finish = fail(Code::internal, "the decode failed");

    const auto answer = rig.post(chat, hi + R"(,"stream":true})");

    EXPECT_THAT(answer, HasSubstr("the decode failed"));
    EXPECT_THAT(answer, Not(HasSubstr("[DONE]")));
    EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
}

TEST(Worker, AFullQueueIs503WithRetryAfter) {
    WorkerRig rig;
    rig.engine.refuse = {Code::resource_exhausted, "the queue is full", ""};

    EXPECT_THAT(rig.post(chat, hi + "}"), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("retry-after: 1")));
}

TEST(Worker, RefusesWhatItCannotGiveByField) {
    WorkerRig rig;

    EXPECT_THAT(rig.post(chat, hi + R"(,"n":2})"),
                testing::AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr(R"("param":"n")")));
    EXPECT_THAT(rig.post(chat, "{"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(rig.get("/v1/nothing"), StartsWith("HTTP/1.1 404 "));
}

TEST(Worker, AsksForItsKeyOnEveryV1Path) {
    WorkerRig rig("secret");

    EXPECT_THAT(rig.get("/v1/models"), StartsWith("HTTP/1.1 401 "));
    EXPECT_THAT(rig.post(chat, hi + "}", "authorization: Bearer wrong\r\n"), StartsWith("HTTP/1.1 401 "));
    EXPECT_THAT(rig.post(chat, hi + "}", "authorization: Bearer secret\r\n"), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(rig.get("/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST(Worker, ListsItsOneModel) {
    WorkerRig rig;

    EXPECT_THAT(
        rig.get("/v1/models"),
        EndsWith(R"({"object":"list","data":[{"id":"tiny","object":"model","created":0,"owned_by":"forebay"}]})"));
    EXPECT_THAT(rig.get("/v1/models/tiny"),
                EndsWith("\r\n\r\n"
                         R"({"id":"tiny","object":"model","created":0,"owned_by":"forebay"})"));
    EXPECT_THAT(rig.get("/v1/models/other"), StartsWith("HTTP/1.1 404 "));
}

TEST(Worker, AClientThatLeavesCancelsItsGeneration) {
    WorkerRig rig;
    rig.engine.hold = true;
    {
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), rig.port});
        const std::string body = hi + R"(,"stream":true})";
        const auto text =
            fmt::format("POST {} HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{}", chat, body.size(), body);
        boost::asio::write(socket, boost::asio::buffer(text));
        std::string some(64, ' ');
        boost::asio::read(socket, boost::asio::buffer(some));
    }

    EXPECT_TRUE(exec::wait_until_blocking([&] { return rig.engine.cancelled.load(); }, Deadline::in(patience)));
}

TEST(Worker, SaysWhyItsModelFailed) {
    WorkerRig rig;
    rig.worker.fail_model("not a GGUF file");

    EXPECT_THAT(rig.get("/readyz"), EndsWith(R"({"status":"failed","reason":"not a GGUF file"})"));
}

// A script that takes the place of the program: `executable worker …` runs it.
std::string script(const std::string& name, const std::string& text) {
    const std::string path = fmt::format("{}/forebay_{}_{}.sh", testing::TempDir(), name, ::getpid());
    std::ofstream(path) << "#!/bin/sh\n" << text;
    ::chmod(path.c_str(), 0700);
    return path;
}

struct FleetRig {
    explicit FleetRig(const std::string& executable) : fleet(threads, executable) { threads.start(); }
    ~FleetRig() {
        fleet.stop_blocking(patience);
        threads.stop_blocking();
    }
    void run(const std::string& name, std::chrono::milliseconds load_timeout = std::chrono::minutes(10)) {
        config::RuntimeSettings settings;
        settings.load_timeout = load_timeout;
        settings.name = name;
        settings.model = "model.gguf";
        fleet.apply({{name, settings}});
    }
    StatusPtr wait_for(const std::string& name, State state, std::uint64_t restarts = 0) {
        const auto reached = [&] {
            const auto status = fleet.find(name);
            return status && status->state == state && status->restarts >= restarts;
        };
        EXPECT_TRUE(exec::wait_until_blocking(reached, Deadline::in(patience))) << name_of(fleet.find(name)->state);
        return fleet.find(name);
    }
    exec::IoThreads threads{1};
    Fleet fleet;
};

const std::string becomes_ready =
    R"(echo '{"event":"listening","url":"http://127.0.0.1:1"}'
echo '{"event":"loading","share":0.5}'
echo '{"event":"ready","model":{"architecture":"none"}}'
)";

TEST(Fleet, ARuntimeIsReadyWhenItsWorkerSaysSo) {
    FleetRig rig(script("ready", becomes_ready + "cat > /dev/null\n"));
    rig.run("tiny");

    const auto status = rig.wait_for("tiny", State::ready);

    EXPECT_TRUE(status->client != nullptr);
    EXPECT_EQ(status->model_json, R"({"architecture":"none"})");
    EXPECT_GT(status->pid, 0);
}

TEST(Fleet, AModelThatCannotBeLoadedFailsForGoodWithItsReason) {
    FleetRig rig(script("bad", R"(echo '{"event":"failed","reason":"not a GGUF file"}'; exit 1)"));
    rig.run("bad");

    const auto status = rig.wait_for("bad", State::failed);

    EXPECT_EQ(status->reason, "not a GGUF file");
    EXPECT_EQ(status->restarts, 0u);
}

TEST(Fleet, AWorkerThatDiesIsStartedAgain) {
    FleetRig rig(script("dies", becomes_ready + "kill -9 $$\n"));
    rig.run("tiny");

    const auto status = rig.wait_for("tiny", State::restarting, 1);

    EXPECT_THAT(status->reason, HasSubstr("signal 9"));
    EXPECT_TRUE(status->client == nullptr);
}

TEST(Fleet, ARuntimeThatIsGoneFromTheConfigurationIsForgotten) {
    FleetRig rig(script("gone", becomes_ready + "cat > /dev/null\n"));
    rig.run("tiny");
    rig.wait_for("tiny", State::ready);

    rig.fleet.apply({});

    EXPECT_TRUE(exec::wait_until_blocking([&] { return rig.fleet.find("tiny") == nullptr; }, Deadline::in(patience)));
}

TEST(Fleet, AModelThatTakesTooLongToLoadIsAFailure) {
    FleetRig rig(script("slow", "cat > /dev/null\n"));
    rig.run("slow", std::chrono::milliseconds(60));

    EXPECT_THAT(rig.wait_for("slow", State::failed)->reason, HasSubstr("load_timeout"));
}

TEST(Fleet, AProgramThatCannotStartIsAFailure) {
    FleetRig rig("/nowhere/forebay");
    rig.run("tiny");

    EXPECT_THAT(rig.wait_for("tiny", State::failed)->reason, HasSubstr("/nowhere/forebay"));
}

}  // namespace
}  // namespace forebay::runtime
