// The driver for fine-tuning APIs against a loopback server that follows the published schema.
#include <gmock/gmock.h>

#include "training/openai_test_rig.h"

namespace forebay::training {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::int64_t job_made_at = 1721764800;

TEST(OpenaiDriver, UploadsMakesAJobFollowsItAndNamesItsModel) {
    OpenaiRig rig;
    rig.recipe.data.evaluation = rig.data.write("evaluation.jsonl", "{\"messages\":[1]}\n");
    rig.api.events = {{"ftevent-1", job_made_at, "Created fine-tuning job: ftjob-1", "", 1},
                      metrics_event(1, 3, job_made_at + 60),
                      metrics_event(2, 3, job_made_at + 70, R"(,"valid_loss":1.5)"),
                      {"ftevent-9", job_made_at + 90, "The job has successfully completed", "", 4}};

    const auto output = rig.run();

    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(output->remote_model, "ft:gpt-4o-mini:org:triage:7p4l");
    EXPECT_EQ(output->file, "");
    EXPECT_THAT(rig.api.refusals, IsEmpty());
    const std::string& id = rig.folder->state().id;
    ASSERT_THAT(rig.api.files, SizeIs(2));
    EXPECT_EQ(rig.api.files[0].content, "{\"messages\":[]}\n");
    EXPECT_EQ(rig.api.files[0].filename, id + "-train.jsonl");
    EXPECT_EQ(rig.api.files[1].content, "{\"messages\":[1]}\n");
    EXPECT_THAT(rig.api.idempotency_keys, ElementsAre(id + "-train", id + "-evaluation", id));
    ASSERT_THAT(rig.api.jobs, SizeIs(1));
    EXPECT_EQ(rig.api.jobs[0],
              R"({"model":"gpt-4o-mini-2024-07-18","training_file":"file-1","validation_file":"file-2",)"
              R"("suffix":"triage","seed":1,"method":{"type":"supervised","supervised":{"hyperparameters":)"
              R"({"n_epochs":3,"batch_size":8,"learning_rate_multiplier":"auto"}}}})");
    EXPECT_THAT(rig.lines,
                ElementsAre(HasSubstr("as file-1"), HasSubstr("as file-2"), "made the fine-tuning job ftjob-1",
                            "job ftjob-1: validating_files", "Created fine-tuning job: ftjob-1", "job ftjob-1: queued",
                            "job ftjob-1: running", "job ftjob-1: succeeded", "The job has successfully completed"));
}

TEST(OpenaiDriver, MetricsEventsBecomeTheCurveAndTheState) {
    OpenaiRig rig;
    rig.api.events = {metrics_event(1, 2, job_made_at + 60),
                      metrics_event(2, 3, job_made_at + 70, R"(,"valid_loss":1.5,"full_valid_loss":1.25)"),
                      metrics_event(3, 4, job_made_at + 80, R"(,"valid_loss":1.75)")};

    ASSERT_TRUE(rig.run());

    const auto curve = rig.curve();
    ASSERT_THAT(curve, SizeIs(3));
    EXPECT_EQ(curve[0].train_loss, 2.0);
    EXPECT_EQ(curve[0].seconds, 60);
    EXPECT_FALSE(curve[0].evaluation_loss);
    EXPECT_EQ(curve[1].evaluation_loss, 1.25);
    EXPECT_EQ(curve[2].evaluation_loss, 1.75);
    EXPECT_THAT(rig.steps, ElementsAre(1, 2, 3));
    const RunState& state = rig.folder->state();
    EXPECT_EQ(state.steps, 3u);
    EXPECT_EQ(state.steps_planned, 4u);
    EXPECT_EQ(state.evaluation_loss, 1.75);
    EXPECT_EQ(state.best_evaluation_loss, 1.25);
    EXPECT_EQ(state.tokens, 5768u);
    EXPECT_EQ(state.remote_job, "ftjob-1");
    EXPECT_THAT(text_of(rig.folder->path() + "/curve.svg"), HasSubstr("<svg"));
}

struct ListOrder : testing::TestWithParam<std::tuple<bool, std::size_t>> {};

TEST_P(ListOrder, EachEventIsShownOnceInTheOrderOfItsTime) {
    OpenaiRig rig;
    rig.api.newest_first = std::get<0>(GetParam());
    rig.api.page_size = std::get<1>(GetParam());
    rig.api.statuses = {"queued", "running", "running", "running", "succeeded"};
    std::vector<std::string> expected;
    for (unsigned i = 0; i < 25; ++i) {
        // Five a look, some of the same second.
        rig.api.events.push_back(
            {fmt::format("ftevent-{}", i), job_made_at + i / 3, fmt::format("message {}", i), "", 1 + i / 5});
        expected.push_back(fmt::format("message {}", i));
    }

    ASSERT_TRUE(rig.run());

    std::vector<std::string> shown;
    std::ranges::copy_if(rig.lines, std::back_inserter(shown),
                         [](const std::string& line) { return line.starts_with("message"); });
    EXPECT_EQ(shown, expected);
    EXPECT_THAT(rig.api.refusals, IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(OpenaiDriver, ListOrder,
                         testing::Combine(testing::Bool(), testing::Values<std::size_t>(1, 3, 100)));

TEST(OpenaiDriver, AListOfEventsThatDoesNotHeedItsCursorEnds) {
    OpenaiRig rig;
    rig.api.page_size = 2;
    for (unsigned i = 0; i < 5; ++i) rig.api.events.push_back({fmt::format("e{}", i), job_made_at + i, "x", "", 1});
    rig.api.fault = [&](const std::string& what, unsigned) {
        ApiFault fault;
        if (what != "GET /v1/fine_tuning/jobs/ID/events") return fault;
        fault.status = 200;
        fault.body =
            R"({"object":"list","has_more":true,"data":[{"id":"e1","created_at":1,"level":"info","message":"m"}]})";
        return fault;
    };

    ASSERT_TRUE(rig.run());

    EXPECT_EQ(std::ranges::count(rig.lines, "m"), 1);
}

TEST(OpenaiDriver, AResultFileIsTheCurveWhereTheEventsHadNone) {
    OpenaiRig rig;
    rig.api.result_files = {
        {"file-r", "step,train_loss,train_accuracy,valid_loss\r\n1,2.5,0.1,\r\n2,1.5,0.2,1.25\r\n"}};

    ASSERT_TRUE(rig.run());

    const auto curve = rig.curve();
    ASSERT_THAT(curve, SizeIs(2));
    EXPECT_EQ(curve[0].train_loss, 2.5);
    EXPECT_EQ(curve[1].evaluation_loss, 1.25);
}

TEST(OpenaiDriver, AResultFileThatCannotBeReadIsToldAndTheModelKept) {
    OpenaiRig rig;
    rig.api.result_files = {{"file-r", "\x01\x02 not a table"}};
    rig.options.attempts_max = 2;

    const auto output = rig.run();

    ASSERT_TRUE(output);
    EXPECT_EQ(output->remote_model, "ft:gpt-4o-mini:org:triage:7p4l");
    EXPECT_THAT(rig.lines, testing::Contains(HasSubstr("result file file-r cannot be read")));
}

TEST(OpenaiDriver, AnApiWithoutAListOfEventsIsFollowedByItsStatus) {
    OpenaiRig rig;
    rig.api.lists_events = false;

    ASSERT_TRUE(rig.run());

    EXPECT_EQ(rig.api.count("GET /v1/fine_tuning/jobs/ID/events"), 1u);
    EXPECT_EQ(std::ranges::count(rig.lines, "the API lists no events"), 1);
}

TEST(OpenaiDriver, APausedJobIsFollowedOnAndSaysWhoMustResumeIt) {
    OpenaiRig rig;
    rig.api.statuses = {"running", "paused", "paused", "running", "succeeded"};

    ASSERT_TRUE(rig.run());

    EXPECT_EQ(std::ranges::count(rig.lines, "job ftjob-1: paused; it goes on when it is resumed at the API"), 1);
}

TEST(OpenaiDriver, AFailedJobSaysWhyAndAboutWhat) {
    OpenaiRig rig;
    rig.api.statuses = {"validating_files", "failed"};
    rig.api.error = R"({"code":"invalid_training_file","message":"line 3 has no messages","param":"training_file"})";

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::invalid_argument);
    EXPECT_EQ(output.error().param, "training_file");
    EXPECT_EQ(
        output.error().message,
        "the fine-tuning job ftjob-1 failed: line 3 has no messages (invalid_training_file), about training_file");
}

TEST(OpenaiDriver, AJobCancelledAtTheApiIsNotAStopOfOurs) {
    OpenaiRig rig;
    rig.api.statuses = {"running", "cancelled"};

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::conflict);
    EXPECT_THAT(output.error().message, HasSubstr("cancelled at the API"));
}

TEST(OpenaiDriver, AJobThatSucceedsWithoutAModelIsTheApisFault) {
    OpenaiRig rig;
    rig.api.fine_tuned_model = "";

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::bad_upstream);
}

TEST(OpenaiDriver, AStopLeavesTheJobRunningAndSaysHowToCancelIt) {
    OpenaiRig rig;
    rig.on_wait = [&] { rig.stop = true; };

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::cancelled);
    EXPECT_THAT(output.error().message,
                HasSubstr("POST " + rig.recipe.driver.base_url + "/fine_tuning/jobs/ftjob-1/cancel"));
    for (const auto& request : rig.api.requests) EXPECT_THAT(request, Not(HasSubstr("cancel")));
}

TEST(OpenaiDriver, AFileAboveTheLimitIsRefusedBeforeAnythingIsSent) {
    OpenaiRig rig;
    rig.options.file_bytes_max = 3;

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::too_large);
    EXPECT_THAT(output.error().message, HasSubstr("train.jsonl"));
    EXPECT_THAT(rig.api.requests, IsEmpty());
}

TEST(OpenaiDriver, WhatTheApiCannotDoIsRefusedWithTheKeyAtFault) {
    const std::vector<std::pair<std::string, std::function<void(Recipe&)>>> cases{
        {"base", [](Recipe& recipe) { recipe.from_scratch = true; }},
        {"data.format", [](Recipe& recipe) { recipe.data.format = Format::text; }},
        {"loss", [](Recipe& recipe) { recipe.loss = LossOn::all; }},
        {"driver.model", [](Recipe& recipe) { recipe.driver.model = ""; }},
        {"driver.base_url", [](Recipe& recipe) { recipe.driver.base_url = ""; }}};
    for (const auto& [param, change] : cases) {
        OpenaiRig rig;
        change(rig.recipe);

        const auto output = rig.run();

        ASSERT_FALSE(output) << param;
        EXPECT_EQ(output.error().param, param);
        EXPECT_THAT(rig.api.requests, IsEmpty());
    }
}

TEST(OpenaiDriver, KeysThatTheApiDoesNotTakeAreNamed) {
    OpenaiRig rig;
    rig.recipe.steps_max = 10;
    rig.recipe.data.evaluation_part = 0.1;

    ASSERT_TRUE(rig.run());

    EXPECT_EQ(rig.lines.front(), "not done by a fine-tuning API, and left out: steps_max, data.evaluation_part");
}

TEST(OpenaiDriver, ARefusedKeyNeverShowsInTheMessage) {
    OpenaiRig rig;
    rig.recipe.driver.api_key = config::Secret("sk-secret-of-mine");
    rig.api.fault = [](const std::string&, unsigned) {
        ApiFault fault;
        fault.status = 401;
        fault.body = R"({"error":{"message":"Incorrect API key: sk-secret-of-mine","code":"invalid_api_key"}})";
        return fault;
    };

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::unauthenticated);
    EXPECT_THAT(output.error().message, HasSubstr("Incorrect API key: *** (invalid_api_key); see driver.api_key"));
    EXPECT_EQ(rig.api.requests.size(), 1u);
}

TEST(OpenaiDriver, ARefusedJobSaysWhatTheApiSaid) {
    OpenaiRig rig;
    rig.recipe.driver.model = "gpt-nine";
    rig.api.fault = [](const std::string& what, unsigned) {
        ApiFault fault;
        if (what != "POST /v1/fine_tuning/jobs") return fault;
        fault.status = 400;
        fault.body =
            R"({"error":{"message":"Model gpt-nine is not available","param":"model","code":"model_not_available"}})";
        return fault;
    };

    const auto output = rig.run();

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::invalid_argument);
    EXPECT_EQ(output.error().param, "model");
    EXPECT_THAT(output.error().message,
                HasSubstr("answered 400: Model gpt-nine is not available (model_not_available)"));
}

TEST(OpenaiDriver, TheSeedAndTheSuffixFitTheSchema) {
    OpenaiRig rig;
    rig.recipe.seed = (1ull << 40) + 5;
    rig.recipe.name = std::string(90, 'a');

    ASSERT_TRUE(rig.run());

    EXPECT_THAT(rig.api.refusals, IsEmpty());
    EXPECT_THAT(rig.api.jobs[0], HasSubstr(R"("seed":5)"));
}

}  // namespace
}  // namespace forebay::training
