// The progress line in injected time, on a terminal and elsewhere.
#include "training/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace forebay::training {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Rig {
public:
    explicit Rig(bool is_terminal, std::size_t columns = 120)
        : line({.write =
                    [this](std::string_view text) {
                        written += text;
                        ++writes;
                    },
                .is_terminal = is_terminal,
                .columns = [columns] { return columns; },
                .now = [this] { return now; }}) {
        state.steps_planned = 2000;
    }
    // Steps that take `each` and run 1,000 tokens.
    void steps(std::uint64_t count, std::chrono::milliseconds each, std::optional<double> evaluation = {}) {
        for (; count > 0; --count) {
            now += each;
            ++step;
            line.update({.step = step,
                         .learning_rate = 0.001,
                         .train_loss = 0.4123,
                         .gradient_norm = 1,
                         .tokens = step * 1000,
                         .seconds = 1,
                         .evaluation_loss = evaluation},
                        state);
        }
    }
    std::string last_line() const {
        auto text = written;
        while (text.ends_with('\n')) text.pop_back();
        const auto begin = text.find_last_of("\r\n");
        return begin == std::string::npos ? text : text.substr(begin + 1);
    }

    SteadyClock::time_point now{std::chrono::hours(5)};
    std::string written;
    int writes = 0;
    std::uint64_t step = 0;
    RunState state;
    ProgressLine line;
};

TEST(ProgressLine, ShowsStepLossesRateBarAndTimeLeft) {
    Rig rig(true);
    rig.steps(411, 250ms);

    rig.steps(1, 250ms, 0.455);

    EXPECT_EQ(rig.last_line(),
              "step 412/2,000  loss 0.412  eval 0.455  4,000 tokens/s  [####....................] 20%  6 min 37 s "
              "left\x1b[K");
}

TEST(ProgressLine, ATerminalsLineIsRewrittenInPlaceTenTimesASecondAtMost) {
    Rig rig(true);

    rig.steps(1000, 10ms);

    EXPECT_EQ(rig.writes, 100);
    EXPECT_THAT(rig.written, Not(HasSubstr("\n")));
    rig.line.finish();
    EXPECT_THAT(rig.written, EndsWith("\x1b[K\n"));
    EXPECT_THAT(rig.last_line(), StartsWith("step 1,000/2,000"));
}

TEST(ProgressLine, ElsewhereThereIsALineEveryTenSeconds) {
    Rig rig(false);

    rig.steps(100, 500ms);

    EXPECT_EQ(rig.writes, 5);
    EXPECT_EQ(std::count(rig.written.begin(), rig.written.end(), '\n'), 5);
    EXPECT_THAT(rig.written, AllOf(Not(HasSubstr("\r")), Not(HasSubstr("\x1b"))));
    rig.line.finish();
    EXPECT_THAT(rig.last_line(), HasSubstr("step 100/2,000"));
    const auto writes = rig.writes;
    rig.line.finish();
    EXPECT_EQ(rig.writes, writes) << "nothing new to say";
}

TEST(ProgressLine, TheTimeLeftFollowsTheRecentRate) {
    Rig rig(true);
    rig.steps(100, 1000ms);
    EXPECT_THAT(rig.last_line(), HasSubstr("31 min 40 s left"));

    rig.steps(400, 100ms);

    EXPECT_THAT(rig.last_line(), AllOf(HasSubstr("10,000 tokens/s"), HasSubstr("2 min 30 s left")));
}

TEST(ProgressLine, AResumedRunDoesNotCountItsPause) {
    Rig rig(true);
    rig.step = 1000;
    rig.steps(1, 1h);
    EXPECT_THAT(rig.last_line(), AllOf(HasSubstr("step 1,001/2,000"), HasSubstr("50%"), Not(HasSubstr("left")),
                                       Not(HasSubstr("tokens/s"))));

    rig.steps(1, 500ms);

    EXPECT_THAT(rig.last_line(), AllOf(HasSubstr("2,000 tokens/s"), HasSubstr("8 min 19 s left")));
}

TEST(ProgressLine, ANarrowTerminalGetsWhatFits) {
    for (std::size_t columns = 1; columns < 140; ++columns) {
        Rig rig(true, columns);
        rig.steps(300, 250ms, 0.5);
        const auto line = rig.last_line();
        EXPECT_LT(line.size() - std::string_view("\x1b[K").size(), std::max<std::size_t>(columns, 21)) << line;
        EXPECT_THAT(line, StartsWith("step 300/2,000")) << columns;
        if (columns >= 60) EXPECT_THAT(line, HasSubstr("% ")) << columns;
        if (columns >= 60) EXPECT_THAT(line, HasSubstr("left")) << columns;
    }
}

TEST(ProgressLine, AnEventStandsAboveTheLine) {
    Rig rig(true);
    rig.steps(1, 250ms);

    rig.line.say("checkpoint 1 written");

    EXPECT_THAT(rig.written, HasSubstr("\r\x1b[Kcheckpoint 1 written\n\rstep 1/2,000"));
}

TEST(ProgressLine, TheLastStepHasNoTimeLeftAndAFullBar) {
    Rig rig(true);
    rig.step = 1990;
    rig.steps(10, 250ms);

    EXPECT_THAT(rig.last_line(), AllOf(HasSubstr("[########################] 100%"), Not(HasSubstr("left"))));
}

}  // namespace
}  // namespace forebay::training
