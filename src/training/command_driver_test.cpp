// The driver for commands, over small shell scripts.
#include "training/command_driver.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "exec/wait.h"
#include "training/child_command.h"
#include "training/command_log.h"
#include "training/test_folder.h"

namespace forebay::training {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

// The least GGUF file: version 3, no tensor, no key.
const std::string smallest_gguf("GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);

struct CommandRig {
    CommandRig() {
        gguf = data.write("smallest.gguf", smallest_gguf);
        recipe.name = "triage";
        recipe.data.train = "/data/train.jsonl";
        recipe.driver.kind = DriverKind::command;
        options.now = [this] { return now; };
        folder = *RunFolder::create_blocking(data.path() + "/training", "triage", "name: triage\n");
        progress.on_line = [this](const std::string& line) { lines.push_back(line); };
        progress.on_step = [this](const CurvePoint& point, const RunState&) { steps.push_back(point.step); };
        progress.stop_asked = [this] { return stop; };
    }

    // The script's $1 is a GGUF file.
    Result<TrainingOutput> run(const std::string& script) {
        recipe.driver.command = {"sh", "-c", script, "trainer", gguf};
        CommandDriver driver(options);
        return driver.run_blocking(recipe, *folder, progress);
    }
    void reopen() {
        const std::string id = folder->state().id;
        folder.reset();
        folder = *RunFolder::open_blocking(data.path() + "/training", id);
    }
    std::vector<CurvePoint> curve() const { return *read_curve_blocking(folder->path()); }
    std::string file(const std::string& name) const { return text_of(folder->path() + "/" + name); }

    TestFolder data;
    std::string gguf;
    Recipe recipe;
    CommandDriver::Options options;
    Progress progress;
    std::unique_ptr<RunFolder> folder;
    SteadyClock::time_point now{};
    std::vector<std::string> lines;
    std::vector<std::uint64_t> steps;
    bool stop = false;
};

const std::string leaves_a_model = R"(cp "$1" "$FOREBAY_OUTPUT/model.gguf")";

TEST(CommandDriver, ACommandThatLeavesAModelIsDone) {
    CommandRig rig;

    const auto output = rig.run(leaves_a_model);

    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(output->file, rig.folder->path() + "/output/model.gguf");
    EXPECT_EQ(rig.folder->state().output_file, output->file);
    EXPECT_FALSE(output->adapter);
    EXPECT_EQ(output->evaluation, "");
}

TEST(CommandDriver, AnAdapterIsKnownByItsNameAndMetricsComeWithIt) {
    CommandRig rig;

    const auto output = rig.run(R"(cp "$1" "$FOREBAY_OUTPUT/adapter.gguf"
        echo '{ "exact": 0.5, "by": {"intent": 1} }' > "$FOREBAY_OUTPUT/metrics.json")");

    ASSERT_TRUE(output) << output.error().message;
    EXPECT_TRUE(output->adapter);
    EXPECT_EQ(output->evaluation, R"({"exact":0.5,"by":{"intent":1}})");
}

TEST(CommandDriver, ItIsToldTheRunAndLittleElse) {
    CommandRig rig;
    ::setenv("FOREBAY_TEST_API_KEY", "sk-1", 1);
    ::setenv("CUDA_TEST_DEVICES", "2", 1);
    ::setenv("TRAINER_TEST_TOKEN", "t-1", 1);
    rig.options.pass_on = {"TRAINER_TEST_TOKEN"};
    rig.options.base_file = "/models/base.gguf";
    rig.recipe.base = "triage:3";
    rig.recipe.data.evaluation = "/data/evaluation.jsonl";

    ASSERT_TRUE(rig.run("env > env.txt; pwd -P > pwd.txt; readlink /proc/self/fd/0 > in.txt; " + leaves_a_model));

    const std::string& path = rig.folder->path();
    std::vector<std::string> told;
    std::istringstream lines(rig.file("env.txt"));
    for (std::string line; std::getline(lines, line);) told.push_back(line);
    EXPECT_THAT(told,
                IsSupersetOf({"FOREBAY_RECIPE=" + path + "/recipe.yaml", std::string("FOREBAY_TRAIN=/data/train.jsonl"),
                              std::string("FOREBAY_EVALUATION=/data/evaluation.jsonl"),
                              std::string("FOREBAY_BASE=/models/base.gguf"), "FOREBAY_OUTPUT=" + path + "/output",
                              std::string("FOREBAY_RESUME=0"), std::string("CUDA_TEST_DEVICES=2"),
                              std::string("TRAINER_TEST_TOKEN=t-1")}));
    EXPECT_THAT(told, Contains(StartsWith("PATH=")));
    EXPECT_THAT(rig.file("env.txt"), Not(HasSubstr("sk-1")));
    EXPECT_EQ(rig.file("pwd.txt"), std::filesystem::canonical(path).string() + "\n");
    EXPECT_EQ(rig.file("in.txt"), "/dev/null\n");
}

TEST(CommandDriver, ABaseThatIsNoFileHereIsRefused) {
    CommandRig rig;
    rig.recipe.base = "triage:3";

    const auto output = rig.run(leaves_a_model);

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().param, "base");
}

TEST(CommandDriver, LinesOfJsonAreTheCurveAndTheOthersTheLog) {
    CommandRig rig;

    const auto output = rig.run(R"(
        echo 'loading'
        echo '{"step":1,"loss":2.5,"learning_rate":0.001,"tokens":100,"total_steps":3}'
        echo '{"step":2,"loss":2.0,"tokens":200}'
        echo '{"step":2,"eval_loss":2.25}'
        echo '{"step":3}'
        echo '{"step":3,"loss":NaN}'
        echo '{"loss":1}'
        echo 'a warning' >&2
        printf '10%%\r20%%\rlast line without its end'
        )" + leaves_a_model);

    ASSERT_TRUE(output) << output.error().message;
    const auto curve = rig.curve();
    ASSERT_THAT(curve, SizeIs(2));
    EXPECT_EQ(curve[0].train_loss, 2.5);
    EXPECT_EQ(curve[0].learning_rate, 0.001);
    EXPECT_EQ(curve[0].tokens, 100u);
    EXPECT_EQ(curve[1].train_loss, 2.0);
    EXPECT_EQ(curve[1].evaluation_loss, 2.25);
    EXPECT_THAT(rig.steps, ElementsAre(1, 2, 2));
    EXPECT_EQ(rig.folder->state().steps, 2u);
    EXPECT_EQ(rig.folder->state().steps_planned, 3u);
    EXPECT_EQ(rig.folder->state().tokens, 200u);
    EXPECT_THAT(rig.lines, IsSupersetOf({"loading", R"({"step":3})", R"({"step":3,"loss":NaN})", R"({"loss":1})",
                                         "a warning", "10%", "20%", "last line without its end"}));
    EXPECT_THAT(rig.lines, SizeIs(8));
    EXPECT_THAT(rig.file("log.txt"), AllOf(HasSubstr("loading\n"), HasSubstr("a warning\n"), Not(HasSubstr("2.25"))));
}

TEST(CommandDriver, AFailureBringsTheLastLines) {
    CommandRig rig;

    const auto output = rig.run("for i in $(seq 1 30); do echo line $i >&2; done; exit 7");

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::bad_upstream);
    EXPECT_THAT(output.error().message, StartsWith("the command exited with code 7; its last lines:\nline 11\n"));
    EXPECT_THAT(output.error().message, testing::EndsWith("line 30"));
}

TEST(CommandDriver, ADeathByASignalIsNamed) {
    CommandRig rig;

    const auto output = rig.run("kill -9 $$");

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().message, "the command died of signal 9 (Killed); it said nothing");
}

TEST(CommandDriver, AProgramThatIsNotThereIsSaidBeforeAnythingRuns) {
    CommandRig rig;
    const std::vector<std::pair<std::string, std::string>> cases{
        {"no-such-trainer", "there is no program 'no-such-trainer' in PATH"},
        {"/no/such/trainer", "cannot run '/no/such/trainer': No such file or directory"},
        {rig.data.write("plain.txt", "x"), "Permission denied"}};
    for (const auto& [program, message] : cases) {
        rig.recipe.driver.command = {program};
        CommandDriver driver(rig.options);

        const auto output = driver.run_blocking(rig.recipe, *rig.folder, rig.progress);

        ASSERT_FALSE(output);
        EXPECT_EQ(output.error().code, Code::invalid_argument);
        EXPECT_THAT(output.error().message, HasSubstr(message));
    }
}

TEST(CommandDriver, AFileThatTheKernelCannotRunIsSaid) {
    CommandRig rig;
    const std::string script = rig.data.write("trainer", "#!/no/such/interpreter\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    rig.recipe.driver.command = {script};
    CommandDriver driver(rig.options);

    const auto output = driver.run_blocking(rig.recipe, *rig.folder, rig.progress);

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::invalid_argument);
    EXPECT_THAT(output.error().message, HasSubstr("cannot run"));
}

TEST(CommandDriver, WhatItLeavesIsChecked) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"true", "left neither model.gguf nor adapter.gguf"},
        {leaves_a_model + R"(; cp "$1" "$FOREBAY_OUTPUT/adapter.gguf")", "left both model.gguf and adapter.gguf"},
        {R"(echo hello > "$FOREBAY_OUTPUT/model.gguf")", "is not a GGUF file"},
        {R"(head -c 20 "$1" > "$FOREBAY_OUTPUT/model.gguf")", "is truncated"},
        {R"(mkdir "$FOREBAY_OUTPUT/model.gguf")", "is not a regular file"}};
    for (const auto& [script, message] : cases) {
        CommandRig rig;

        const auto output = rig.run(script);

        ASSERT_FALSE(output) << script;
        EXPECT_EQ(output.error().code, Code::invalid_argument);
        EXPECT_THAT(output.error().message, HasSubstr(message));
    }
}

TEST(CommandDriver, MetricsThatAreNoObjectAreToldAndLeftOut) {
    CommandRig rig;

    const auto output = rig.run(leaves_a_model + R"(; echo '[1]' > "$FOREBAY_OUTPUT/metrics.json")");

    ASSERT_TRUE(output);
    EXPECT_EQ(output->evaluation, "");
    EXPECT_THAT(rig.lines, Contains(StartsWith("metrics.json is left out")));
}

TEST(CommandDriver, AStopLetsItSaveAndAResumeGoesOnFromThere) {
    CommandRig rig;
    const std::string trainer = R"sh(
        trap 'echo 2 > "$FOREBAY_OUTPUT/checkpoint"; exit 0' TERM
        if [ "$FOREBAY_RESUME" = 1 ]; then
            echo "from $(cat "$FOREBAY_OUTPUT/checkpoint")"
            echo '{"step":2,"loss":1.75}'; echo '{"step":3,"loss":1.5}'; )sh" +
                                leaves_a_model + R"sh(; exit 0
        fi
        echo '{"step":1,"loss":3}'; echo '{"step":2,"loss":2}'; echo '{"step":3,"loss":1.9}'
        sleep 60 & wait)sh";
    rig.progress.stop_asked = [&] { return rig.steps.size() >= 3; };
    const auto stopped = rig.run(trainer);
    ASSERT_FALSE(stopped);
    ASSERT_EQ(stopped.error().code, Code::cancelled) << stopped.error().message;
    rig.reopen();
    rig.progress.stop_asked = nullptr;

    const auto output = rig.run(trainer);

    ASSERT_TRUE(output) << output.error().message;
    EXPECT_THAT(rig.lines, Contains("from 2"));
    const auto curve = rig.curve();
    ASSERT_THAT(curve, SizeIs(3));
    EXPECT_EQ(curve[0].train_loss, 3);
    EXPECT_EQ(curve[1].train_loss, 1.75);
    EXPECT_EQ(curve[2].train_loss, 1.5);
}

TEST(CommandDriver, WhoDoesNotHeedAStopIsKilledAfterTheGrace) {
    CommandRig rig;
    rig.options.grace = std::chrono::milliseconds(50);
    rig.progress.stop_asked = [&] { return !rig.lines.empty(); };

    const auto output = rig.run("trap '' TERM; echo deaf; sleep 60");

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::cancelled);
    EXPECT_THAT(output.error().message, HasSubstr("died of signal 9"));
}

TEST(CommandDriver, WhatItLeftRunningEndsWithIt) {
    CommandRig rig;

    // The one left behind holds the run's lock, until it is killed.
    ASSERT_TRUE(rig.run("sleep 60 & " + leaves_a_model));

    EXPECT_TRUE(rig.run(leaves_a_model));
}

TEST(CommandDriver, WhatEscapedAnEarlierAttemptKeepsASecondFromStarting) {
    CommandRig rig;
    // Its number comes through the pipe once it has left the group.
    ASSERT_TRUE(rig.run(R"sh(mkfifo pipe; setsid sh -c 'echo $$ > pipe; exec sleep 60' &
        read -r number < pipe; echo "$number" > escaped.txt; )sh" +
                        leaves_a_model));

    const auto output = rig.run("touch ran.txt; " + leaves_a_model);

    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Code::conflict);
    EXPECT_THAT(output.error().message, HasSubstr("still running"));
    EXPECT_FALSE(std::filesystem::exists(rig.folder->path() + "/ran.txt"));
    pid_t escaped = 0;
    std::istringstream(rig.file("escaped.txt")) >> escaped;
    ASSERT_GT(escaped, 1);
    EXPECT_EQ(::kill(escaped, SIGKILL), 0);
}

TEST(CommandDriver, ADriverThatEndsInTheMiddleTakesItsCommandWithIt) {
    CommandRig rig;
    struct Killed {};
    rig.progress.on_step = [](const CurvePoint&, const RunState&) { throw Killed(); };
    EXPECT_THROW(static_cast<void>(rig.run(R"(echo '{"step":1,"loss":3}'; sleep 60)")), Killed);
    rig.reopen();
    rig.progress.on_step = nullptr;

    const auto output = rig.run(R"(echo "{\"step\":1,\"loss\":2}"; echo resume $FOREBAY_RESUME; )" + leaves_a_model);

    ASSERT_TRUE(output) << output.error().message;
    EXPECT_THAT(rig.lines, Contains("resume 1"));
    EXPECT_THAT(rig.curve(), SizeIs(1));
}

TEST(CommandDriver, AKillOfThisProgramEndsTheCommandToo) {
    CommandRig rig;
    const pid_t other = ::fork();
    if (other == 0) {
        static_cast<void>(rig.run("echo $$ > started.txt; exec sleep 60"));
        ::_exit(0);
    }
    const auto started = [&] { return rig.file("started.txt").ends_with('\n'); };
    ASSERT_TRUE(exec::wait_until_blocking(started, Deadline::in(std::chrono::seconds(20))));

    ASSERT_EQ(::kill(other, SIGKILL), 0);
    ASSERT_EQ(::waitpid(other, nullptr, 0), other);

    const auto output = rig.run(leaves_a_model);
    EXPECT_TRUE(output) << output.error().message;
}

TEST(CommandDriver, TheTimeOfItsAttemptsAddsUp) {
    CommandRig rig;
    rig.progress.on_line = [&](const std::string&) { rig.now += std::chrono::seconds(10); };
    ASSERT_FALSE(rig.run("echo a; exit 1"));

    ASSERT_TRUE(rig.run("echo b; echo '{\"step\":1,\"loss\":2}'; " + leaves_a_model));

    EXPECT_EQ(rig.folder->state().trained_seconds, 20);
    EXPECT_EQ(rig.curve()[0].seconds, 20);
}

TEST(CommandDriver, ALogBeyondItsLimitKeepsTheNewestHalf) {
    CommandRig rig;
    rig.options.log_bytes_max = 2'000;

    ASSERT_TRUE(rig.run("for i in $(seq 1 1000); do echo line $i; done; " + leaves_a_model));

    EXPECT_LT(rig.file("log.txt").size() + rig.file("log.1.txt").size(), 2'100u);
    EXPECT_THAT(rig.file("log.txt"), HasSubstr("line 1000\n"));
    EXPECT_THAT(rig.file("log.1.txt"), Not(HasSubstr("line 1\n")));
}

TEST(LineSplitter, TheSameLinesComeWhereverThePiecesEnd) {
    const std::string text = "one\r\ntwo\n\nthree\rfour";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        LineSplitter splitter;
        std::vector<std::string> lines;
        const auto on_line = [&](std::string_view line) { lines.emplace_back(line); };
        for (std::size_t at = 0; at < text.size(); at += piece) {
            splitter.feed(std::string_view(text).substr(at, piece), on_line);
        }
        splitter.finish(on_line);
        EXPECT_THAT(lines, ElementsAre("one", "two", "three", "four")) << piece;
    }
}

TEST(LineSplitter, ALineWithoutEndComesInPieces) {
    LineSplitter splitter;
    std::vector<std::size_t> sizes;
    const auto on_line = [&](std::string_view line) { sizes.push_back(line.size()); };

    splitter.feed(std::string(150'000, 'x'), on_line);
    splitter.finish(on_line);

    EXPECT_THAT(sizes, ElementsAre(65'536, 65'536, 18'928));
}

TEST(PlainLine, IsFitForATerminal) {
    EXPECT_EQ(plain_line("a\x1b[2Jb\tc\xff", 100), "a [2Jb c\xef\xbf\xbd");
    EXPECT_EQ(plain_line("aéé", 4), "aé…");
}

}  // namespace
}  // namespace forebay::training
