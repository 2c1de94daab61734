// Run folders: what is written is what is read, who may run a run, and what survives.
#include "training/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "base/hash.h"
#include "training/run_state_json.h"

namespace forebay::training {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "forebay-training-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

constexpr const char* recipe = "name: triage\n";

std::unique_ptr<RunFolder> create(const TemporaryFolder& folder, const std::string& name = "triage") {
    auto made = RunFolder::create_blocking(folder.path() + "/training", name, recipe);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : nullptr;
}
auto open(const TemporaryFolder& folder, const std::string& id) {
    return RunFolder::open_blocking(folder.path() + "/training", id);
}
auto list(const TemporaryFolder& folder) { return list_runs_blocking(folder.path() + "/training").value(); }
auto find(const TemporaryFolder& folder, const std::string& id) {
    return find_run_blocking(folder.path() + "/training", id);
}

CurvePoint point_at(std::uint64_t step) {
    CurvePoint point{.step = step,
                     .learning_rate = 0.001 / static_cast<double>(step),
                     .train_loss = 1.0 / 3.0 + static_cast<double>(step),
                     .gradient_norm = 0.1,
                     .tokens = step * 100,
                     .seconds = 0.25 * static_cast<double>(step),
                     .evaluation_loss = {}};
    if (step % 2 == 0) point.evaluation_loss = 0.7;
    return point;
}
std::vector<std::uint64_t> steps_of(const std::vector<CurvePoint>& points) {
    std::vector<std::uint64_t> steps;
    for (const auto& point : points) steps.push_back(point.step);
    return steps;
}

void append_raw(const std::string& file, std::string_view text) {
    std::ofstream(file, std::ios::app | std::ios::binary) << text;
}

TEST(RunStateJson, EachFieldReadsBack) {
    RunState state{
        .id = "20261122-0153-triage-k3f9",
        .name = "triage",
        .driver = "openai",
        .status = RunStatus::failed,
        .error = "loss \"is\" not\na number",
        .started_micros = 1'795'312'389'123'456,
        .ended_micros = 1'795'312'999'123'456,
        .trained_seconds = 610.25,
        .steps = 412,
        .steps_planned = 2000,
        .tokens = 18'446'744'073'709'551'615ull,
        .train_loss = 0.1,
        .evaluation_loss = 1e-300,
        .best_evaluation_loss = 0.3,
        .recipe_digest = "a",
        .base_digest = "b",
        .dataset_digests = {"c", "d"},
        .weights_digest = "e",
        .output_file = "/x/model.gguf",
        .output_digest = "f",
        .registered = "triage:3",
        .remote_job = "ftjob-1",
        .score = ScoreResult{.rows = 5, .valid_json = 1, .exact = 0.8, .by_field = {{"intent", 0.9}, {"é\"", 0}}}};
    const auto json = to_json(state);

    const auto read = parse_run_state(json);

    ASSERT_TRUE(read) << read.error().message << "\n" << json;
    EXPECT_EQ(to_json(*read), json);
    EXPECT_EQ(read->status, RunStatus::failed);
    EXPECT_EQ(read->error, state.error);
    EXPECT_EQ(read->tokens, state.tokens);
    EXPECT_EQ(read->train_loss, 0.1);
    EXPECT_EQ(read->evaluation_loss, 1e-300);
    EXPECT_EQ(read->started_micros, state.started_micros);
    EXPECT_THAT(read->dataset_digests, ElementsAre("c", "d"));
    ASSERT_TRUE(read->score);
    EXPECT_EQ(read->score->by_field, state.score->by_field);
}

TEST(RunStateJson, ANumberThatIsNotFiniteReadsBackAsNaN) {
    RunState state;
    state.train_loss = std::numeric_limits<double>::infinity();
    auto point = point_at(1);
    point.train_loss = std::numeric_limits<double>::quiet_NaN();

    EXPECT_TRUE(std::isnan(parse_run_state(to_json(state))->train_loss));
    EXPECT_TRUE(std::isnan(parse_curve_point(to_json(point))->train_loss));
}

TEST(RunStateJson, WhatIsWrongIsNamed) {
    auto json = to_json(RunState{});
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string changed = json;
        changed.replace(changed.find(from), from.size(), to);
        const auto read = parse_run_state(changed);
        return read ? "accepted" : read.error().message;
    };

    EXPECT_EQ(with("\"steps\":0", "\"steps\":-1"), "steps must be a whole number");
    EXPECT_EQ(with("\"steps\":0", "\"steps\":\"0\""), "steps must be a whole number");
    EXPECT_EQ(with("\"steps\":0", "\"stops\":0"), "steps is missing");
    EXPECT_EQ(with("\"running\"", "\"walking\""), "status must be one of running, interrupted, done, failed");
    EXPECT_EQ(with("[]", "[1]"), "dataset_digests must be a list of texts");
    EXPECT_EQ(with("\"steps\":0", "\"steps\":0, \"of_a_later_version\":{}"), "accepted");
    EXPECT_FALSE(parse_run_state(""));
    EXPECT_FALSE(parse_run_state("[]"));
    EXPECT_FALSE(parse_run_state(std::string_view(json).substr(0, json.size() - 3)));
}

TEST(RunFolder, ANewRunIsWholeAndNamedByTimeAndName) {
    const TemporaryFolder folder;

    const auto run = create(folder);

    EXPECT_THAT(run->state().id, MatchesRegex("[0-9]{8}-[0-9]{4}-triage-[a-z0-9]{4}"));
    EXPECT_EQ(run->path(), folder.path() + "/training/" + run->state().id);
    EXPECT_EQ(run->recipe_yaml_blocking(), recipe);
    EXPECT_EQ(run->state().recipe_digest, to_hex(sha256(recipe)));
    EXPECT_TRUE(std::filesystem::is_directory(run->path() + "/output"));
    EXPECT_THAT(list(folder), testing::SizeIs(1));
    EXPECT_EQ(list(folder)[0].status, RunStatus::running);
    EXPECT_EQ(read_curve_blocking(run->path())->size(), 0u);
}

TEST(RunFolder, ANameThatWouldLeaveTheFolderIsRefused) {
    const TemporaryFolder folder;
    for (const auto* name : {"../x", "", "a/b", "A"}) {
        const auto made = RunFolder::create_blocking(folder.path(), name, recipe);
        ASSERT_FALSE(made) << name;
        EXPECT_EQ(made.error().code, Code::invalid_argument);
    }
}

TEST(RunFolder, OneProcessRunsARunAndTheOthersSeeIt) {
    const TemporaryFolder folder;
    auto run = create(folder);
    const auto id = run->state().id;

    const auto second = open(folder, id);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::conflict);
    EXPECT_THAT(second.error().message, HasSubstr(id));
    EXPECT_EQ(find(folder, id)->status, RunStatus::running);

    run.reset();
    EXPECT_EQ(find(folder, id)->status, RunStatus::interrupted);
    const auto third = open(folder, id);
    ASSERT_TRUE(third) << third.error().message;
    EXPECT_EQ((*third)->state().status, RunStatus::running);
    EXPECT_EQ(find(folder, id)->status, RunStatus::running);
}

TEST(RunFolder, AFinishedRunIsNotInterrupted) {
    const TemporaryFolder folder;
    auto run = create(folder);
    auto state = run->state();
    state.status = RunStatus::done;
    state.steps = 7;
    ASSERT_TRUE(run->save_blocking(state));
    EXPECT_EQ(run->state().steps, 7u);
    run.reset();

    EXPECT_EQ(list(folder)[0].status, RunStatus::done);
    EXPECT_EQ(list(folder)[0].steps, 7u);
}

TEST(RunFolder, ARunIsFoundByItsIdAUniquePrefixOrAsTheLast) {
    const TemporaryFolder folder;
    EXPECT_EQ(find(folder, "last").error().code, Code::not_found);
    auto first = create(folder, "alpha");
    auto state = first->state();
    state.started_micros -= 1'000'000;
    ASSERT_TRUE(first->save_blocking(state));
    const auto second = create(folder, "beta");
    const auto id = second->state().id;

    EXPECT_EQ(find(folder, "last")->id, id);
    EXPECT_EQ(find(folder, id)->id, id);
    EXPECT_EQ(find(folder, id.substr(0, id.size() - 2))->id, id);
    const auto ambiguous = find(folder, "20");
    ASSERT_FALSE(ambiguous);
    EXPECT_EQ(ambiguous.error().code, Code::invalid_argument);
    EXPECT_THAT(ambiguous.error().message, HasSubstr(id));
    const auto missing = find(folder, "nothing");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Code::not_found);
    EXPECT_THAT(missing.error().message, HasSubstr(id));
    EXPECT_FALSE(find(folder, ""));
    EXPECT_FALSE(find(folder, "../training"));
}

TEST(RunFolder, ADamagedRunIsListedWithTheReason) {
    const TemporaryFolder folder;
    const auto run = create(folder);
    const std::string damaged = folder.path() + "/training/20200101-0000-old-aaaa";
    std::filesystem::create_directories(damaged);
    append_raw(damaged + "/state.json", "{\"status\":");
    std::filesystem::create_directories(folder.path() + "/training/.new-20200101-0000-half-aaaa");
    append_raw(folder.path() + "/training/a file", "x");

    const auto runs = list(folder);

    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0].id, run->state().id);
    EXPECT_EQ(runs[1].id, "20200101-0000-old-aaaa");
    EXPECT_EQ(runs[1].status, RunStatus::failed);
    EXPECT_THAT(runs[1].error, HasSubstr("state.json cannot be used"));
}

TEST(RunFolder, AFolderThatDoesNotExistHasNoRuns) {
    const TemporaryFolder folder;

    EXPECT_TRUE(list(folder).empty());
    EXPECT_FALSE(list_runs_blocking("/dev/null"));
}

TEST(RunFolder, TheCurveReadsBackAndIsCutForAResume) {
    const TemporaryFolder folder;
    auto run = create(folder);
    for (std::uint64_t step = 1; step <= 6; ++step) ASSERT_TRUE(run->append_blocking(point_at(step)));

    ASSERT_TRUE(run->cut_curve_blocking(4));
    ASSERT_TRUE(run->append_blocking(point_at(5)));

    const auto points = read_curve_blocking(run->path());
    ASSERT_TRUE(points) << points.error().message;
    EXPECT_THAT(steps_of(*points), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(points->at(2).train_loss, point_at(3).train_loss);
    EXPECT_EQ(points->at(3).evaluation_loss, 0.7);
    EXPECT_FALSE(points->at(4).evaluation_loss);
}

TEST(RunFolder, ATornLastLineIsNoPartOfTheCurve) {
    const auto whole = to_json(point_at(3)) + "\n";
    for (std::size_t size = 0; size < whole.size(); size += 9) {
        const TemporaryFolder folder;
        auto run = create(folder);
        const auto id = run->state().id;
        ASSERT_TRUE(run->append_blocking(point_at(1)));
        ASSERT_TRUE(run->append_blocking(point_at(2)));
        append_raw(run->path() + "/curve.jsonl", std::string_view(whole).substr(0, size));
        ASSERT_THAT(steps_of(read_curve_blocking(run->path()).value()), ElementsAre(1, 2)) << size;
        run.reset();

        run = open(folder, id).value();
        ASSERT_TRUE(run->append_blocking(point_at(3)));

        ASSERT_THAT(steps_of(read_curve_blocking(run->path()).value()), ElementsAre(1, 2, 3)) << size;
        append_raw(run->path() + "/curve.jsonl", std::string_view(whole).substr(0, size));
        ASSERT_TRUE(run->cut_curve_blocking(2));
        ASSERT_THAT(steps_of(read_curve_blocking(run->path()).value()), ElementsAre(1, 2)) << size;
    }
}

TEST(RunFolder, DamageInsideTheCurveIsReportedAndDoesNotStopAResume) {
    const TemporaryFolder folder;
    const auto run = create(folder);
    ASSERT_TRUE(run->append_blocking(point_at(1)));
    append_raw(run->path() + "/curve.jsonl", "rubbish\n");
    ASSERT_TRUE(run->append_blocking(point_at(2)));

    const auto damaged = read_curve_blocking(run->path());
    ASSERT_FALSE(damaged);
    EXPECT_THAT(damaged.error().message, HasSubstr("curve.jsonl:2 is damaged"));

    ASSERT_TRUE(run->cut_curve_blocking(2));
    EXPECT_THAT(steps_of(read_curve_blocking(run->path()).value()), ElementsAre(1, 2));
}

TEST(RunFolder, ThePlotIsWrittenBesideTheCurve) {
    const TemporaryFolder folder;
    const auto run = create(folder);
    for (std::uint64_t step = 1; step <= 20; ++step) ASSERT_TRUE(run->append_blocking(point_at(step)));

    ASSERT_TRUE(run->plot_blocking());

    std::ifstream file(run->path() + "/curve.svg");
    const std::string svg((std::istreambuf_iterator<char>(file)), {});
    EXPECT_TRUE(svg.starts_with("<svg ")) << svg.substr(0, 100);
    EXPECT_THAT(svg, HasSubstr(run->state().id));
}

TEST(RunFolder, AFullDiskIsSaidAndTheOldStateStays) {
    const TemporaryFolder folder;
    const auto run = create(folder);
    auto state = run->state();
    state.steps = 1;
    ASSERT_TRUE(run->save_blocking(state));
    // A folder where the new state would be written: the write fails as on any disk fault.
    std::filesystem::create_directories(run->path() + "/state.json.new");

    state.steps = 2;
    const auto saved = run->save_blocking(state);

    ASSERT_FALSE(saved);
    EXPECT_THAT(saved.error().message, HasSubstr("state.json.new"));
    EXPECT_EQ(run->state().steps, 1u);
    EXPECT_EQ(find(folder, "last")->steps, 1u);
}

// Saves and appends until it is killed; tells each step that is safely saved.
[[noreturn]] void save_for_ever(const std::string& training_folder, const std::string& id, int out) {
    auto run = RunFolder::open_blocking(training_folder, id);
    if (!run) ::_exit(1);
    auto state = (*run)->state();
    if (!(*run)->cut_curve_blocking(state.steps)) ::_exit(1);
    while (true) {
        ++state.steps;
        state.error = std::string(state.steps * 37 % 9001, 'x');  // so that states differ in length
        if (!(*run)->append_blocking(point_at(state.steps))) ::_exit(1);
        if (state.steps % 3 == 0) {
            if (!(*run)->save_blocking(state)) ::_exit(1);
            if (::write(out, &state.steps, sizeof state.steps) != sizeof state.steps) ::_exit(1);
        }
    }
}

// Kills the child after it told `count` steps; the last that it told.
std::uint64_t run_and_kill(const std::string& training_folder, const std::string& id, std::size_t count) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) save_for_ever(training_folder, id, ends[1]);
    EXPECT_GT(child, 0);
    ::close(ends[1]);
    std::uint64_t last = 0;
    std::size_t told = 0;
    for (std::uint64_t step = 0; ::read(ends[0], &step, sizeof step) == sizeof step;) {
        last = step;
        if (++told == count) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with status " << status;
    return last;
}

TEST(RunFolderKill, TheStateIsWholeAndTheCurveComplete) {
    const std::uint32_t seed = std::random_device()();
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const TemporaryFolder folder;
    const std::string training_folder = folder.path() + "/training";
    const auto id = create(folder)->state().id;
    for (int round = 0; round < 20; ++round) {
        const auto told = run_and_kill(training_folder, id, 1 + random() % 25);

        const auto state = find_run_blocking(training_folder, id);
        ASSERT_TRUE(state) << state.error().message;
        ASSERT_EQ(state->status, RunStatus::interrupted) << state->error;
        ASSERT_GE(state->steps, told);
        ASSERT_EQ(state->steps % 3, 0u);
        ASSERT_EQ(state->error.size(), state->steps * 37 % 9001);
        const auto points = read_curve_blocking(training_folder + "/" + id);
        ASSERT_TRUE(points) << points.error().message;
        ASSERT_GE(points->size(), state->steps);
        for (std::size_t i = 0; i < points->size(); ++i) ASSERT_EQ(points->at(i).step, i + 1);
    }
}

}  // namespace
}  // namespace forebay::training
