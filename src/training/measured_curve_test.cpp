#include "training/measured_curve.h"

#include <gmock/gmock.h>

#include "training/test_folder.h"

namespace forebay::training {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

struct CurveRig {
    CurveRig() : folder(*RunFolder::create_blocking(data.path(), "triage", "name: triage\n")) {}
    std::vector<std::uint64_t> steps() const {
        std::vector<std::uint64_t> out;
        for (const auto& point : points()) out.push_back(point.step);
        return out;
    }
    std::vector<CurvePoint> points() const { return *read_curve_blocking(folder->path()); }

    TestFolder data;
    std::unique_ptr<RunFolder> folder;
};

Measured at(std::uint64_t step, std::optional<double> loss, std::optional<double> evaluation = {}) {
    Measured out;
    out.step = step;
    out.train_loss = loss;
    out.evaluation_loss = evaluation;
    return out;
}

void put_all(MeasuredCurve& curve, const std::vector<Measured>& all) {
    for (const auto& measured : all) ASSERT_TRUE(curve.put_blocking(measured, 1));
}

TEST(MeasuredCurve, WhatIsToldAboutOneStepIsOnePoint) {
    CurveRig rig;
    MeasuredCurve curve(*rig.folder, MeasuredCurve::StepBack::cuts, false);

    put_all(curve, {at(1, 2.0), at(2, 1.5), at(2, {}, 1.75)});
    ASSERT_TRUE(curve.save_blocking());
    // Also when the first part has been written by then.
    put_all(curve, {at(3, 1.25)});
    ASSERT_TRUE(curve.save_blocking());
    put_all(curve, {at(3, {}, 1.5), at(4, 1.0)});
    ASSERT_TRUE(curve.save_blocking());

    EXPECT_THAT(rig.steps(), ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(rig.points()[1].train_loss, 1.5);
    EXPECT_EQ(rig.points()[1].evaluation_loss, 1.75);
    EXPECT_EQ(rig.points()[2].train_loss, 1.25);
    EXPECT_EQ(rig.points()[2].evaluation_loss, 1.5);
    EXPECT_EQ(rig.folder->state().best_evaluation_loss, 1.5);
}

TEST(MeasuredCurve, AnEvaluationOfItsOwnKeepsTheTrainingLossBefore) {
    CurveRig rig;
    MeasuredCurve curve(*rig.folder, MeasuredCurve::StepBack::cuts, false);

    put_all(curve, {at(1, 2.0), at(5, {}, 1.75)});
    ASSERT_TRUE(curve.save_blocking());

    EXPECT_EQ(rig.points()[1].train_loss, 2.0);
    EXPECT_EQ(rig.folder->state().train_loss, 2.0);
}

TEST(MeasuredCurve, AStepBackCutsWhereTheTrainerReturnsToACheckpoint) {
    CurveRig rig;
    MeasuredCurve curve(*rig.folder, MeasuredCurve::StepBack::cuts, false);

    put_all(curve, {at(1, 4.0), at(2, 3.0), at(3, 2.0), at(2, 2.5), at(3, 2.25)});
    ASSERT_TRUE(curve.save_blocking());

    EXPECT_THAT(rig.steps(), ElementsAre(1, 2, 3));
    EXPECT_EQ(rig.points()[1].train_loss, 2.5);
}

TEST(MeasuredCurve, AStepBackIsIgnoredWhereItIsARepetition) {
    CurveRig rig;
    MeasuredCurve curve(*rig.folder, MeasuredCurve::StepBack::ignored, false);
    put_all(curve, {at(1, 4.0), at(2, 3.0)});

    const auto again = curve.put_blocking(at(1, 9.0), 1);
    ASSERT_TRUE(curve.save_blocking());

    ASSERT_TRUE(again);
    EXPECT_FALSE(*again);
    EXPECT_EQ(rig.points()[0].train_loss, 4.0);
}

TEST(MeasuredCurve, AResumedCurveGoesOnWhereTheTrainerDoes) {
    CurveRig rig;
    for (std::uint64_t step = 1; step <= 6; ++step) {
        CurvePoint point;
        point.step = step;
        ASSERT_TRUE(rig.folder->append_blocking(point));
    }
    // The state was last kept at step 2.
    RunState state = rig.folder->state();
    state.steps = 2;
    ASSERT_TRUE(rig.folder->save_blocking(state));
    MeasuredCurve curve(*rig.folder, MeasuredCurve::StepBack::cuts, true);

    put_all(curve, {at(5, 1.0), at(6, 0.5)});
    ASSERT_TRUE(curve.save_blocking());

    EXPECT_THAT(rig.steps(), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(rig.points()[4].train_loss, 1.0);
}

TEST(MeasuredCurve, StepZeroIsKeptOnce) {
    CurveRig rig;
    MeasuredCurve curve(*rig.folder, MeasuredCurve::StepBack::cuts, false);

    put_all(curve, {at(0, 9.0), at(1, 2.0), at(0, 9.0), at(1, 1.5)});
    ASSERT_TRUE(curve.save_blocking());

    EXPECT_THAT(rig.steps(), ElementsAre(0, 1));
    EXPECT_EQ(rig.points()[1].train_loss, 1.5);
}

}  // namespace
}  // namespace forebay::training
