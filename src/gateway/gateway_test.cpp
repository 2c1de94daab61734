#include <gtest/gtest.h>

#include "gateway/models.h"
#include "gateway/readiness.h"

namespace forebay::gateway {
namespace {

runtime::StatusPtr runtime_in(std::string name, runtime::State state, std::string reason = "") {
    auto status = std::make_shared<runtime::RuntimeStatus>();
    status->name = std::move(name);
    status->state = state;
    status->reason = std::move(reason);
    return status;
}

TEST(Readiness, IsStartingUntilEveryRuntimeHasLoaded) {
    using runtime::State;

    EXPECT_EQ(readiness_response(false, false, {}).status, 503u);
    EXPECT_EQ(readiness_response(true, false, {}).status, 200u);
    EXPECT_EQ(readiness_response(true, false, {runtime_in("a", State::loading)}).status, 503u);
    EXPECT_EQ(readiness_response(true, false, {runtime_in("a", State::ready)}).status, 200u);
    EXPECT_EQ(readiness_response(true, true, {}).status, 503u);
}

TEST(Readiness, AFailedRuntimeDoesNotUnreadyTheGateway) {
    const auto response = readiness_response(true, false, {runtime_in("a", runtime::State::failed, "no \"file\"")});

    EXPECT_EQ(response.status, 200u);
    EXPECT_EQ(response.body, R"({"status":"ready","runtimes":{"a":{"state":"failed","reason":"no \"file\""}}})");
}

TEST(Readiness, SaysWhenToAskAgain) {
    const auto response = readiness_response(true, true, {});

    EXPECT_EQ(response.headers.find("retry-after"), "1");
    EXPECT_NE(response.body.find("\"draining\""), std::string::npos);
}

TEST(Models, ListsEachModelAndFindsOneByItsEncodedName) {
    serving::Routes routes;
    routes.created_seconds = 7;
    routes.models["org/a b"];
    routes.models["tiny"];

    EXPECT_EQ(model_list_response(routes).body,
              R"({"object":"list","data":[{"id":"org/a b","object":"model","created":7,"owned_by":"forebay"},)"
              R"({"id":"tiny","object":"model","created":7,"owned_by":"forebay"}]})");
    EXPECT_EQ(model_response(routes, "org%2Fa%20b").status, 200u);
    EXPECT_EQ(model_response(routes, "org/a b").status, 200u);
    EXPECT_EQ(model_response(routes, "org%2").status, 404u);
    EXPECT_EQ(model_response(routes, "other").status, 404u);
}

}  // namespace
}  // namespace forebay::gateway
