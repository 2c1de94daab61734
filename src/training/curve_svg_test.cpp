// The picture of a curve: well-formed for whatever points there are, and it shows what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "training/run_folder.h"

namespace forebay::training {
namespace {

using testing::HasSubstr;
using testing::Not;

// A run as they look: a fall by factors with noise, evaluations now and then.
std::vector<CurvePoint> some_run(std::uint64_t steps, double first_loss, double last_loss) {
    std::mt19937_64 random(7);
    std::normal_distribution<double> noise(0, 0.08);
    std::vector<CurvePoint> points;
    for (std::uint64_t step = 1; step <= steps; ++step) {
        const double part = static_cast<double>(step) / static_cast<double>(steps);
        const double clean = last_loss + (first_loss - last_loss) * std::exp(-9 * part) * (1 - 0.3 * part);
        const double warm = std::min(1.0, part / 0.05);
        CurvePoint point{.step = step,
                         .learning_rate = 1e-3 * warm * (0.55 + 0.45 * std::cos(3.14159 * part)),
                         .train_loss = clean * std::exp(noise(random)),
                         .gradient_norm = 1,
                         .tokens = step * 4100,
                         .seconds = static_cast<double>(step) * 0.3,
                         .evaluation_loss = {}};
        if (step % (steps / 16 + 1) == 0) point.evaluation_loss = clean * 1.08 + 0.05 * part * part;
        points.push_back(point);
    }
    return points;
}

// Tags closed in order, attributes quoted, no stray '<' or '&': enough to call it well-formed.
std::string fault_of_xml(std::string_view text) {
    std::vector<std::string> open;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '&') {
            const auto end = text.find(';', at);
            if (end == std::string_view::npos || end - at > 5) return "a bare '&'";
        }
        if (text[at] != '<') continue;
        const auto end = text.find('>', at);
        if (end == std::string_view::npos) return "an open '<'";
        const auto tag = text.substr(at + 1, end - at - 1);
        if (tag.contains('<')) return "a '<' inside a tag";
        const auto name = std::string(tag.substr(tag.starts_with('/') ? 1 : 0));
        if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "an open quote in " + name;
        if (tag.starts_with('/')) {
            if (open.empty() || open.back() != name) return "closes " + name;
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(name.substr(0, name.find(' ')));
        }
        at = end;
    }
    return open.empty() ? "" : "leaves " + open.back() + " open";
}

std::size_t count_of(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST(CurveSvg, ShowsBothLossesTheRateAndTheNewestValues) {
    const auto points = some_run(2000, 8.3, 0.3);

    const auto svg = curve_svg(points, "triage · 20261122-0153-triage-k3f9");

    EXPECT_EQ(fault_of_xml(svg), "");
    EXPECT_THAT(svg, HasSubstr("class=\"line raw\""));
    EXPECT_THAT(svg, HasSubstr("class=\"line train\""));
    EXPECT_THAT(svg, HasSubstr("class=\"line evaluation\""));
    EXPECT_THAT(svg, HasSubstr("class=\"line rate\""));
    EXPECT_THAT(svg, HasSubstr("(logarithmic)"));
    EXPECT_THAT(svg, HasSubstr("2,000 steps · 8.2 M tokens · 10 min 0 s"));
    EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
    EXPECT_THAT(svg, HasSubstr(">best 0.3"));
    EXPECT_EQ(count_of(svg, "<circle class=\"dot\""), 15u + 1u) << "one a evaluation and one in the legend";
}

TEST(CurveSvg, AFewPointsNoneAndOneAreDrawnToo) {
    EXPECT_THAT(curve_svg({}, "x"), HasSubstr("no step done yet"));
    for (const std::uint64_t steps : {0u, 1u, 2u, 3u, 10u}) {
        const auto svg = curve_svg(some_run(steps, 2, 1.8), "x");
        EXPECT_EQ(fault_of_xml(svg), "") << steps;
        EXPECT_THAT(svg, Not(HasSubstr("nan"))) << steps;
        EXPECT_THAT(svg, Not(HasSubstr("inf"))) << steps;
    }
}

TEST(CurveSvg, ALossThatHardlyMovesHasALinearAxis) {
    EXPECT_THAT(curve_svg(some_run(500, 2.0, 1.5), "x"), Not(HasSubstr("(logarithmic)")));
    auto flat = some_run(50, 1, 1);
    for (auto& point : flat) point.train_loss = 1;
    EXPECT_EQ(fault_of_xml(curve_svg(flat, "x")), "");
}

TEST(CurveSvg, AbsurdNumbersEndInAPictureToo) {
    for (const double loss : {0.0, -1.0, 5e-324, 1e-300, 1e300, 1e20}) {
        auto points = some_run(50, 8, 1);
        for (auto& point : points) point.train_loss = loss;
        points[7].train_loss = std::nextafter(loss, 1e308);
        points[8].train_loss = 2;
        points[9].learning_rate = 1e300;
        points.back().step = std::numeric_limits<std::uint64_t>::max();
        points.back().seconds = 1e300;

        const auto svg = curve_svg(points, "x");

        EXPECT_EQ(fault_of_xml(svg), "") << loss;
        EXPECT_THAT(svg, Not(HasSubstr("nan"))) << loss;
        EXPECT_THAT(svg, Not(HasSubstr("inf "))) << loss;
        EXPECT_LT(svg.size(), 100'000u) << loss;
        points[8].train_loss = loss;
        EXPECT_EQ(fault_of_xml(curve_svg(points, "x")), "") << loss;
    }
}

TEST(CurveSvg, AStepWhoseLossIsNoNumberIsMarkedAndLeftOut) {
    auto points = some_run(300, 8, 1);
    points.back().train_loss = std::numeric_limits<double>::quiet_NaN();
    points.back().evaluation_loss = std::numeric_limits<double>::infinity();

    const auto svg = curve_svg(points, "x");

    EXPECT_THAT(svg, HasSubstr("loss is not a number at step 300"));
    EXPECT_THAT(svg, Not(HasSubstr("nan ")));
    EXPECT_THAT(svg, Not(HasSubstr("Lnan")));
}

TEST(CurveSvg, ATitleCannotBreakOutOfThePicture) {
    const auto svg = curve_svg(some_run(5, 2, 1), "</title><script>alert(1)</script>&\x01\xff");

    EXPECT_EQ(fault_of_xml(svg), "");
    EXPECT_THAT(svg, Not(HasSubstr("<script>")));
}

TEST(CurveSvg, ALongRunStaysSmall) {
    const auto svg = curve_svg(some_run(200'000, 8, 0.4), "x");

    EXPECT_EQ(fault_of_xml(svg), "");
    EXPECT_LT(svg.size(), 150'000u);
}

TEST(CurveSvg, ASpikeOfALongRunIsNotLost) {
    auto points = some_run(100'000, 8, 0.4);
    const auto before = curve_svg(points, "x");
    points[54'321].train_loss = 0.9;

    EXPECT_NE(curve_svg(points, "x"), before);
}

}  // namespace
}  // namespace forebay::training
