#include "training/openai_job.h"

#include <gmock/gmock.h>

namespace forebay::training {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(OpenaiObjects, AJobIsReadAsPublished) {
    const auto job = parse_job(R"({"object":"fine_tuning.job","id":"ftjob-abc123","model":"davinci-002",)"
                               R"("created_at":1692661014,"finished_at":1692661190,)"
                               R"("fine_tuned_model":"ft:davinci-002:my-org:custom_suffix:7q8mpxmy",)"
                               R"("organization_id":"org-123","result_files":["file-abc123"],"status":"succeeded",)"
                               R"("validation_file":null,"training_file":"file-abc124","trained_tokens":5768,)"
                               R"("hyperparameters":{"n_epochs":4,"batch_size":1,"learning_rate_multiplier":1.0},)"
                               R"("error":null,"integrations":[],"seed":0,"estimated_finish":0})");

    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->id, "ftjob-abc123");
    EXPECT_EQ(job->status, "succeeded");
    EXPECT_EQ(job->fine_tuned_model, "ft:davinci-002:my-org:custom_suffix:7q8mpxmy");
    EXPECT_EQ(job->training_file, "file-abc124");
    EXPECT_EQ(job->trained_tokens, 5768u);
    EXPECT_THAT(job->result_files, ElementsAre("file-abc123"));
    EXPECT_TRUE(job->has_ended());
    EXPECT_EQ(job->error_message, "");
}

TEST(OpenaiObjects, WhatLacksItsIdOrStatusIsTheApisFault) {
    for (const auto* body : {"", "[]", "null", "{", R"({"id":"ftjob-1"})", R"({"status":"running"})",
                             R"({"id":7,"status":"running"})", R"({"id":"","status":"running"})",
                             R"({"id":"a,b","status":"running"})", R"({"id":"a b","status":"running"})"}) {
        const auto job = parse_job(body);
        ASSERT_FALSE(job) << body;
        EXPECT_EQ(job.error().code, Code::bad_upstream) << body;
    }
    EXPECT_FALSE(parse_events(R"({"data":{}})"));
    EXPECT_FALSE(parse_events(R"({"data":[{"message":"no id"}]})"));
    EXPECT_FALSE(parse_files(R"({"data":[3]})"));
}

TEST(OpenaiObjects, OnlyMetricsEventsWithAStepAndALossMeasure) {
    const auto page = parse_events(
        R"({"object":"list","has_more":true,"data":[)"
        R"({"id":"e1","created_at":5,"level":"info","message":"Step 10","type":"metrics",)"
        R"("data":{"step":10,"train_loss":0.5,"valid_loss":0.75,"total_steps":90}},)"
        R"({"id":"e2","created_at":4,"level":"warn","message":"m","type":"message","data":{"step":1,"train_loss":1}},)"
        R"({"id":"e3","created_at":3,"level":"info","message":"m","type":"metrics","data":{"step":-1,"train_loss":1}},)"
        R"({"id":"e4","created_at":2,"level":"info","message":"m","type":"metrics","data":{"step":3}},)"
        R"({"id":"e5","created_at":1,"level":"info","message":"m","data":null}]})");

    ASSERT_TRUE(page) << page.error().message;
    EXPECT_TRUE(page->has_more);
    ASSERT_THAT(page->items, SizeIs(5));
    ASSERT_TRUE(page->items[0].metrics);
    EXPECT_EQ(page->items[0].metrics->step, 10u);
    EXPECT_EQ(page->items[0].metrics->train_loss, 0.5);
    EXPECT_EQ(page->items[0].metrics->evaluation_loss, 0.75);
    EXPECT_EQ(page->items[0].metrics->total_steps, 90u);
    for (std::size_t i = 1; i < 5; ++i) EXPECT_FALSE(page->items[i].metrics) << i;
    EXPECT_EQ(page->items[1].level, "warn");
}

TEST(ResultFile, IsReadByItsHeadingWhateverTheOrderOfItsColumns) {
    const auto points =
        parse_result_file("train_loss,step,full_valid_loss,valid_loss\n2.5,1,,1.5\n1.5,2,1.25,1.75\n,,,\nx,y\n");

    ASSERT_TRUE(points) << points.error().message;
    ASSERT_THAT(*points, SizeIs(2));
    EXPECT_EQ(points->at(0).step, 1u);
    EXPECT_EQ(points->at(0).train_loss, 2.5);
    EXPECT_EQ(points->at(0).evaluation_loss, 1.5);
    EXPECT_EQ(points->at(1).evaluation_loss, 1.25);
}

TEST(ResultFile, IsReadFromBase64Too) {
    // "step,train_loss\n1,2.5\n"
    const auto points = parse_result_file("c3RlcCx0cmFpbl9sb3NzCjEsMi41Cg==");

    ASSERT_TRUE(points) << points.error().message;
    ASSERT_THAT(*points, SizeIs(1));
    EXPECT_EQ(points->at(0).train_loss, 2.5);
}

TEST(ResultFile, WithoutAColumnOfStepsIsTheApisFault) {
    for (const auto* text : {"", "loss\n1\n", "bG9zcwo=", "\xff\xfe"}) EXPECT_FALSE(parse_result_file(text)) << text;
}

TEST(ResultFile, WithAHeadingAloneHasNoPoints) {
    const auto points = parse_result_file("step,train_loss\n");

    ASSERT_TRUE(points);
    EXPECT_THAT(*points, IsEmpty());
}

TEST(Multipart, AFileNameCannotEndItsHeader) {
    const auto frame = multipart_frame("b", "a\"\r\nx.jsonl");

    EXPECT_THAT(frame.head, testing::HasSubstr("filename=\"a%22%0D%0Ax.jsonl\"\r\n"));
}

}  // namespace
}  // namespace forebay::training
