// What goes wrong on the way: answers that fail, connections that end, and kills at each step, after which another
// driver goes on. There is never a second job.
#include <gmock/gmock.h>

#include "training/openai_test_rig.h"
#include "training/openai_upload.h"

namespace forebay::training {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::int64_t job_made_at = 1721764800;
const std::string post_file = "POST /v1/files";
const std::string post_job = "POST /v1/fine_tuning/jobs";
const std::string get_job = "GET /v1/fine_tuning/jobs/ID";

ApiFault status_fault(unsigned status, const std::string& retry_after = "") {
    ApiFault fault;
    fault.status = status;
    fault.body = R"({"error":{"message":"not now"}})";
    fault.retry_after = retry_after;
    return fault;
}

TEST(OpenaiFaults, EachKindOfRequestIsRepeatedAfterAPassingFault) {
    ApiFault nonsense, before, after;
    nonsense.says_nonsense = true;
    before.cut_before = true;
    after.cut_after = true;
    const std::vector<ApiFault> faults{
        status_fault(429), status_fault(500), status_fault(503), status_fault(408), nonsense, before, after};
    for (std::size_t i = 0; i < faults.size(); ++i) {
        OpenaiRig rig;
        rig.api.events = {metrics_event(1, 1, job_made_at + 60)};
        rig.api.fault = [&](const std::string&, unsigned count) { return count == 1 ? faults[i] : ApiFault(); };

        const auto output = rig.run();

        ASSERT_TRUE(output) << i << ": " << output.error().message;
        EXPECT_THAT(rig.api.files, SizeIs(1)) << i;
        EXPECT_THAT(rig.api.jobs, SizeIs(1)) << i;
        EXPECT_THAT(rig.curve(), SizeIs(1)) << i;
        EXPECT_GT(rig.api.count(get_job), 1u);
    }
}

TEST(OpenaiFaults, PausesDoubleUntilItGivesUpFollowingAndTheJobIsKept) {
    OpenaiRig rig;
    rig.options.poll_attempts_max = 9;
    rig.api.fault = [](const std::string& what, unsigned) { return what == get_job ? status_fault(503) : ApiFault(); };

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::unavailable);
    EXPECT_THAT(output.error().message, HasSubstr("answered 503: not now; gave up after 9 attempts"));
    // Three quarters, as the chance is one half, of 1, 2, 4, 8, 16, 32, 60 and 60 seconds.
    EXPECT_EQ(rig.waited, milliseconds(183'000 * 3 / 4));
    EXPECT_EQ(rig.folder->state().remote_job, "ftjob-1");
}

TEST(OpenaiFaults, RetryAfterIsHeeded) {
    OpenaiRig rig;
    rig.api.statuses = {"succeeded"};
    rig.api.fault = [](const std::string& what, unsigned count) {
        return what == get_job && count == 1 ? status_fault(429, "77") : ApiFault();
    };

    ASSERT_TRUE(rig.run());

    EXPECT_EQ(rig.waited, milliseconds(77'000));
}

TEST(OpenaiFaults, ASpentQuotaIsNotAskedAgain) {
    OpenaiRig rig;
    rig.api.fault = [](const std::string& what, unsigned) {
        if (what != post_job) return ApiFault();
        auto fault = status_fault(429);
        fault.body = R"({"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}})";
        return fault;
    };

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::resource_exhausted);
    EXPECT_EQ(rig.api.count(post_job), 1u);
}

TEST(OpenaiFaults, AnApiThatLosesTheAnswerToAJobIsAskedForItBeforeAnotherIsMade) {
    OpenaiRig rig;
    rig.api.fault = [](const std::string& what, unsigned) {
        ApiFault fault;
        fault.cut_after = what == post_job;
        return fault;
    };

    ASSERT_TRUE(rig.run());

    EXPECT_THAT(rig.api.jobs, SizeIs(1));
    EXPECT_EQ(rig.api.count(post_job), 1u);
}

TEST(OpenaiFaults, AnApiThatNeverAnswersIsGivenUpAtTheDeadline) {
    OpenaiRig rig;
    // Listens, and answers nobody: the backlog takes the connection.
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    rig.recipe.driver.base_url = fmt::format("http://127.0.0.1:{}/v1", silent.local_endpoint().port());
    rig.options.upload_deadline = rig.options.request_deadline = milliseconds(30);
    rig.options.attempts_max = 2;

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::deadline_exceeded);
    EXPECT_THAT(output.error().message, HasSubstr("gave up after 2 attempts"));
}

TEST(OpenaiFaults, AStopEndsAnExchangeThatIsUnderWay) {
    OpenaiRig rig;
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    rig.recipe.driver.base_url = fmt::format("http://127.0.0.1:{}/v1", silent.local_endpoint().port());
    int looks = 0;
    rig.progress.stop_asked = [&] { return ++looks > 3; };

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::cancelled);
}

TEST(OpenaiFaults, NobodyListeningIsSaid) {
    OpenaiRig rig;
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor gone(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    rig.recipe.driver.base_url = fmt::format("http://127.0.0.1:{}/v1", gone.local_endpoint().port());
    gone.close();
    rig.options.attempts_max = 2;

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::unavailable);
}

TEST(OpenaiResume, AStoppedRunGoesOnWithItsJobAndItsEvents) {
    OpenaiRig rig;
    rig.api.events = {{"ftevent-1", job_made_at, "Created fine-tuning job", "", 1},
                      metrics_event(1, 1, job_made_at + 1),
                      metrics_event(2, 2, job_made_at + 2),
                      {"ftevent-2", job_made_at + 3, "Almost there", "", 2}};
    rig.on_wait = [&] { rig.stop = true; };
    ASSERT_FALSE(rig.run());
    ASSERT_THAT(rig.steps, ElementsAre(1));
    rig.reopen();
    rig.stop = false;
    rig.on_wait = nullptr;

    const auto output = rig.run();

    ASSERT_TRUE(output);
    EXPECT_THAT(rig.api.files, SizeIs(1));
    EXPECT_THAT(rig.api.jobs, SizeIs(1));
    EXPECT_THAT(rig.steps, ElementsAre(1, 2));
    EXPECT_THAT(rig.curve(), SizeIs(2));
    EXPECT_EQ(std::ranges::count(rig.lines, "Created fine-tuning job"), 1);
    EXPECT_EQ(std::ranges::count(rig.lines, "Almost there"), 1);
}

TEST(OpenaiResume, AnApiWithoutListsIsSentTheUploadAgain) {
    OpenaiRig rig;
    rig.api.lists_files_and_jobs = false;
    rig.api.fault = [](const std::string& what, unsigned count) {
        ApiFault fault;
        fault.cut_after = what == post_file && count == 1;
        return fault;
    };

    ASSERT_TRUE(rig.run());

    EXPECT_THAT(rig.api.files, SizeIs(2));
    EXPECT_THAT(rig.api.jobs, SizeIs(1));
}

TEST(OpenaiResume, TheRemoteStateIsReadAsItIsWritten) {
    for (const std::string text : {"", "files:", "files:file-1", "files:file-1,file-2", "ftjob-1"}) {
        EXPECT_EQ(to_string(parse_remote_state(text)), text);
    }
    EXPECT_THAT(parse_remote_state("files:file-1,file-2").files, ElementsAre("file-1", "file-2"));
    EXPECT_EQ(parse_remote_state("ftjob-1").job, "ftjob-1");
}

// A kill, as the driver sees it: nothing more of it runs.
struct Killed {};

// Dies at the nth thing that is done with the folder or told, and says how many there were.
class Killer {
public:
    explicit Killer(int at) : at_(at) {}
    void step() {
        if (seen_++ == at_) throw Killed();
    }
    bool struck() const { return seen_ > at_; }

private:
    const int at_;
    int seen_ = 0;
};

class MortalFolder final : public RunFolder {
public:
    MortalFolder(RunFolder& inner, Killer& killer) : inner_(inner), killer_(killer) {}
    const std::string& path() const override { return inner_.path(); }
    std::string recipe_yaml_blocking() const override { return inner_.recipe_yaml_blocking(); }
    const RunState& state() const override { return inner_.state(); }
    Result<void> save_blocking(const RunState& state) override {
        return around([&] { return inner_.save_blocking(state); });
    }
    Result<void> append_blocking(const CurvePoint& point) override {
        return around([&] { return inner_.append_blocking(point); });
    }
    Result<void> cut_curve_blocking(std::uint64_t step) override {
        return around([&] { return inner_.cut_curve_blocking(step); });
    }
    Result<void> plot_blocking() override { return inner_.plot_blocking(); }

private:
    Result<void> around(const std::function<Result<void>()>& work) {
        killer_.step();
        auto done = work();
        killer_.step();
        return done;
    }
    RunFolder& inner_;
    Killer& killer_;
};

void script_a_small_run(OpenaiRig& rig) {
    rig.api.statuses = {"running", "running", "running", "succeeded"};
    // The second look brings a message that is newer than the metrics that come with it.
    rig.api.events = {{"ftevent-1", job_made_at, "Created fine-tuning job", "", 1},
                      metrics_event(1, 1, job_made_at + 1),
                      metrics_event(2, 2, job_made_at + 2, R"(,"full_valid_loss":1.5)"),
                      metrics_event(3, 2, job_made_at + 3),
                      {"ftevent-2", job_made_at + 4, "Almost there", "", 2}};
}

// After the kill: another driver, another process's view of the folder.
void expect_that_it_goes_on(OpenaiRig& rig, const std::string& where) {
    rig.reopen();
    rig.api.fault = nullptr;
    rig.on_wait = nullptr;

    const auto output = rig.run();

    ASSERT_TRUE(output) << where << ": " << output.error().message;
    EXPECT_EQ(output->remote_model, rig.api.fine_tuned_model) << where;
    EXPECT_THAT(rig.api.files, SizeIs(1)) << where;
    EXPECT_THAT(rig.api.jobs, SizeIs(1)) << where;
    std::vector<std::uint64_t> steps;
    for (const auto& point : rig.curve()) steps.push_back(point.step);
    EXPECT_THAT(steps, ElementsAre(1, 2, 3)) << where;
    EXPECT_EQ(rig.folder->state().train_loss, 2.0 / 3) << where;
    EXPECT_EQ(rig.folder->state().evaluation_loss, 1.5) << where;
    EXPECT_THAT(rig.lines, Contains("Created fine-tuning job")) << where;
    EXPECT_THAT(rig.lines, Contains("Almost there")) << where;
}

TEST(OpenaiResume, AKillAtAnyStepOfItsOwnLeadsToTheSameEnd) {
    for (int nth = 0;; ++nth) {
        OpenaiRig rig;
        script_a_small_run(rig);
        rig.api.page_size = 2;  // so that a look that ends too soon misses something
        Killer killer(nth);
        MortalFolder folder(*rig.folder, killer);
        Progress progress = rig.progress;
        progress.on_line = [&](const std::string& line) {
            rig.lines.push_back(line);
            killer.step();
        };
        progress.on_step = [&](const CurvePoint&, const RunState&) { killer.step(); };
        try {
            OpenaiDriver driver(rig.server.threads, rig.options);
            const auto output = driver.run_blocking(rig.recipe, folder, progress);
            ASSERT_TRUE(output) << output.error().message;
        } catch (const Killed&) {
        }
        if (!killer.struck()) break;  // past the last step: each was covered
        expect_that_it_goes_on(rig, fmt::format("step {}", nth));
    }
}

TEST(OpenaiResume, AKillAfterAnyRequestLeadsToTheSameEndWhetherItWasServedOrNot) {
    for (const bool served : {false, true}) {
        for (unsigned nth = 1;; ++nth) {
            OpenaiRig rig;
            script_a_small_run(rig);
            unsigned seen = 0;
            rig.api.fault = [&](const std::string&, unsigned) {
                ApiFault fault;
                if (++seen == nth) (served ? fault.cut_after : fault.cut_before) = true;
                return fault;
            };
            // The lost answer is followed by a pause, which nobody survives.
            rig.on_wait = [&] {
                if (seen >= nth) throw Killed();
            };
            try {
                static_cast<void>(rig.run());
            } catch (const Killed&) {
            }
            if (seen < nth) break;
            expect_that_it_goes_on(rig, fmt::format("request {} {}", nth, served ? "served" : "unserved"));
        }
    }
}

}  // namespace
}  // namespace forebay::training
