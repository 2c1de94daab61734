// The stages of a call against an upstream of the test's own, with a journal that the test can read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "journal/journal.h"
#include "net/test_rig.h"
#include "openai/body_edit.h"
#include "serving/call_metrics.h"
#include "token_service/byte_tokenizer.h"

namespace forebay::serving {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Keeps the records, or refuses them.
class MemoryJournal final : public journal::Journal {
public:
    exec::Task<Result<std::uint64_t>> append(std::string record) override {
        const std::lock_guard lock(mutex_);
        if (refusing) co_return fail(Code::unavailable, "disk full");
        records.push_back(std::move(record));
        co_return records.size();
    }
    const journal::Recovery& recovery() const override { return recovery_; }
    journal::Stats stats() const override { return {}; }
    void stop_blocking() override {}

    std::string last() {
        const std::lock_guard lock(mutex_);
        return records.empty() ? "" : records.back();
    }
    bool refusing = false;
    std::vector<std::string> records;

private:
    std::mutex mutex_;
    journal::Recovery recovery_;
};

// A target whose answer is given as raw pieces of one HTTP response body.
struct Answer {
    unsigned status = 200;
    std::string type = "application/json";
    std::vector<std::string> pieces;
    bool cut = false;
    std::string seen_body;

    exec::Task<void> give(net::Exchange& exchange) {
        seen_body = exchange.request().body;
        net::Response head;
        head.status = status;
        head.headers.add("content-type", type);
        head.headers.add("x-request-id", "up-1");
        auto begun = co_await exchange.begin_stream(std::move(head));
        EXPECT_TRUE(begun.has_value());
        for (const auto& piece : pieces) {
            // A caller that got junk may have hung up by now.
            auto written = co_await exchange.write(piece);
            if (!written) co_return;
        }
        if (cut) co_return;
        auto finished = co_await exchange.finish_stream();
        static_cast<void>(finished);
    }
};

struct Rig {
    explicit Rig(Answer given)
        : answer(std::move(given)), upstream([this](net::Exchange& e) { return answer.give(e); }) {
        config::Settings settings;
        settings.revision = "sha256:test";
        settings.providers["up"].name = "up";
        settings.providers["up"].base_url = fmt::format("http://127.0.0.1:{}/v1", upstream.port);
        settings.providers["dead"].name = "dead";
        settings.providers["dead"].base_url = "http://127.0.0.1:1/v1";
        settings.models["m"] = {"m", {{"up", "", "up-model"}}};
        settings.models["same"] = {"same", {{"up", "", ""}}};
        settings.models["second"] = {"second", {{"dead", "", ""}, {"up", "", ""}}};
        settings.models["gone"] = {"gone", {{"dead", "", ""}}};
        settings.models["measured"] = {"measured", {{"dead", "", ""}, {"up", "", ""}}};
        settings.models["narrow"] = {"narrow", {{"up", "", ""}}};
        const auto bytes = std::make_shared<token_service::ByteTokenizer>("bytes");
        const auto counter = token_service::make_openai_counter(bytes, true);
        token_service::ModelTokens tokens;
        tokens["measured"] = {{counter, 20, true}, {counter, 200'000, true}};
        tokens["narrow"] = {{counter, 20, true}};
        auto built = *build_routes(front.threads, settings, {}, tokens);
        providers = built.providers;
        routes.put(built.routes);
    }
    ~Rig() {
        for (auto& [name, provider] : providers) provider->client->retire();
    }

    exec::Task<void> serve(net::Exchange& exchange) {
        Call call(exchange);
        call.id = "req_test";
        call.timing.received = exchange.received_at();
        auto request = openai::parse_request(call.endpoint, exchange.request().body, &call.parts);
        if (!request) {
            co_await refuse_call(services, call, request.error());
            co_return;
        }
        call.request = std::move(*request);
        call.body = std::make_shared<const std::string>(exchange.request().body);
        co_await serve_call(services, call);
    }
    // The whole HTTP answer to a POST of `body`.
    std::string post(const std::string& body) const {
        return front.converse(fmt::format(
            "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{}", body.size(), body));
    }

    Answer answer;
    net::TestServer upstream;
    MemoryJournal journal;
    metrics::Registry registry;
    CallMetrics metrics{registry};
    RouteTable routes{std::make_shared<Routes>()};
    Providers providers;
    net::TestServer front{[this](net::Exchange& exchange) { return serve(exchange); }};
    runtime::Fleet fleet{front.threads, "none"};
    exec::Pool token_pool{"tokens", 1, 16};
    Services services{journal, fleet, routes, metrics, 1 << 20, token_pool};
};

std::string ask(std::string_view model, bool stream = false, std::string_view more = "") {
    return fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"hi"}}],"stream":{}{}}})", model, stream,
                       more);
}

Answer whole(std::string body) {
    Answer answer;
    answer.pieces = {std::move(body)};
    return answer;
}
Answer events(std::vector<std::string> pieces) {
    Answer answer;
    answer.type = "text/event-stream";
    answer.pieces = std::move(pieces);
    return answer;
}

constexpr const char* hello =
    R"({"id":"c","choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1},"x": 1.50})";
constexpr const char* chunk_a =
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}],\"usage\":null}\n\n";
constexpr const char* chunk_b =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n";
constexpr const char* chunk_usage =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
constexpr const char* done = "data: [DONE]\n\n";

TEST(ServeCall, AWholeAnswerPassesUnchangedAndIsRecorded) {
    Rig rig(whole(hello));

    EXPECT_THAT(rig.post(ask("m", false, R"(,"later": 1.0)")), EndsWith(hello));

    EXPECT_EQ(openai::field_text(rig.answer.seen_body, "model"), "\"up-model\"");
    EXPECT_EQ(openai::field_text(rig.answer.seen_body, "later"), "1.0");
    const auto record = rig.journal.last();
    EXPECT_EQ(openai::field_text(record, "outcome"), "\"ok\"");
    EXPECT_EQ(openai::field_text(record, "target"), "\"provider:up\"");
    EXPECT_EQ(openai::field_text(record, "usage"), R"({"prompt_tokens":3,"completion_tokens":1})");
    EXPECT_EQ(openai::field_text(record, "response"), hello);
    EXPECT_EQ(openai::field_text(record, "config"), "\"sha256:test\"");
}

TEST(ServeCall, ABodyThatNeedsNoChangeGoesOutByteForByte) {
    Rig rig(whole(hello));
    const std::string body = ask("same", false, ",\n \"k\":\"\\u00e9\"");

    rig.post(body);

    EXPECT_EQ(rig.answer.seen_body, body);
    EXPECT_THAT(rig.journal.last(), Not(HasSubstr("\n")));
}

TEST(ServeCall, AStreamAsksForUsageAndKeepsItFromACallerWhoDidNot) {
    Rig rig(events({chunk_a, chunk_b, chunk_usage, done}));

    const auto answer = rig.post(ask("m", true));

    EXPECT_EQ(openai::field_text(rig.answer.seen_body, "stream_options"), R"({"include_usage":true})");
    EXPECT_THAT(answer, HasSubstr("\"Hel\""));
    EXPECT_THAT(answer, Not(HasSubstr("usage")));
    EXPECT_THAT(answer, HasSubstr("data: [DONE]"));
    EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
    EXPECT_THAT(rig.journal.last(), HasSubstr(R"("usage":{"prompt_tokens":3,"completion_tokens":2})"));
    EXPECT_THAT(rig.journal.last(), HasSubstr(R"("content":"Hello")"));
}

TEST(ServeCall, AStreamPassesUsageToACallerWhoAsked) {
    Rig rig(events({chunk_a, chunk_b, chunk_usage, done}));

    EXPECT_THAT(rig.post(ask("m", true, R"(,"stream_options":{"include_usage":true})")),
                HasSubstr("\"prompt_tokens\":3"));
}

TEST(ServeCall, AStreamThatIsCutEndsWithAnErrorAndNoDone) {
    Answer given = events({chunk_a});
    given.cut = true;
    Rig rig(std::move(given));

    const auto answer = rig.post(ask("m", true));

    EXPECT_THAT(answer, HasSubstr("data: {\"error\":{"));
    EXPECT_THAT(answer, Not(HasSubstr("[DONE]")));
    EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
    EXPECT_EQ(openai::field_text(rig.journal.last(), "outcome"), "\"upstream_error\"");
}

TEST(ServeCall, AnErrorBeforeTheFirstTokenHasItsOwnStatus) {
    Rig rig(events({"data: {\"error\":{\"message\":\"too busy\"}}\n\n"}));

    const auto answer = rig.post(ask("m", true));

    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 502 "));
    EXPECT_THAT(answer, HasSubstr("too busy"));
}

TEST(ServeCall, JunkInAStreamIsNeverPassedOn) {
    Rig rig(events({chunk_a, "data: not json\n\n", done}));

    const auto answer = rig.post(ask("m", true));

    EXPECT_THAT(answer, HasSubstr("\"Hel\""));
    EXPECT_THAT(answer, Not(HasSubstr("not json")));
    EXPECT_THAT(answer, HasSubstr("data: {\"error\":{"));
}

TEST(ServeCall, AFinishReasonWithoutDoneIsAWholeAnswer) {
    Rig rig(events({chunk_a, chunk_b}));

    EXPECT_THAT(rig.post(ask("m", true)), HasSubstr("data: [DONE]"));
}

TEST(ServeCall, TheSecondTargetAnswersWhenTheFirstCannot) {
    Rig rig(whole(hello));

    EXPECT_THAT(rig.post(ask("second")), EndsWith(hello));

    EXPECT_THAT(rig.journal.last(), HasSubstr(R"("attempts":[{"target":"provider:dead","status":0,"error":)"));
}

TEST(ServeCall, NobodyListeningIsABadGatewayWithTheReason) {
    Rig rig(whole(hello));

    const auto answer = rig.post(ask("gone"));

    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 502 "));
    EXPECT_THAT(answer, HasSubstr("127.0.0.1:1"));
    EXPECT_THAT(rig.journal.last(), HasSubstr("\"status\":502"));
}

TEST(ServeCall, AnUpstreamsErrorObjectPassesButNotItsRefusalOfOurCredentials) {
    Answer limited = whole(R"({"error":{"message":"slow down","type":"t","param":null,"code":"c"}})");
    limited.status = 429;
    Answer forbidden = limited;
    forbidden.status = 401;
    Rig first(std::move(limited)), second(std::move(forbidden));

    EXPECT_THAT(first.post(ask("m")), testing::AllOf(testing::StartsWith("HTTP/1.1 429 "), HasSubstr("slow down")));
    EXPECT_THAT(second.post(ask("m")), testing::StartsWith("HTTP/1.1 502 "));
}

TEST(ServeCall, AnUnknownModelIsNotFoundAndRecorded) {
    Rig rig(whole(hello));

    EXPECT_THAT(rig.post(ask("other")),
                testing::AllOf(testing::StartsWith("HTTP/1.1 404 "), HasSubstr("model_not_found")));
    EXPECT_EQ(openai::field_text(rig.journal.last(), "outcome"), "\"refused\"");
}

TEST(ServeCall, ABadBodyIsRefusedAndRecordedWithoutIt) {
    Rig rig(whole(hello));

    EXPECT_THAT(rig.post("{oops"), testing::StartsWith("HTTP/1.1 400 "));
    EXPECT_FALSE(openai::field_text(rig.journal.last(), "request").has_value());
}

TEST(ServeCall, TheRecordKeepsTheParametersThatWereSet) {
    Rig rig(whole(hello));

    rig.post(ask("m", false, R"(,"temperature":0.25,"max_tokens":9,"stop":["a","b"])"));

    EXPECT_EQ(openai::field_text(rig.journal.last(), "params"),
              R"({"temperature":0.25,"max_tokens":9,"stop_sequences":2,"messages":1})");
}

TEST(ServeCall, NoRecordNoAnswer) {
    Rig rig(whole(hello)), streaming(events({chunk_a, chunk_b, done}));
    rig.journal.refusing = streaming.journal.refusing = true;

    EXPECT_THAT(rig.post(ask("m")), testing::AllOf(testing::StartsWith("HTTP/1.1 503 "), Not(HasSubstr("Hello"))));
    EXPECT_THAT(streaming.post(ask("m", true)),
                testing::AllOf(HasSubstr("data: {\"error\":{"), Not(HasSubstr("[DONE]"))));
}

TEST(ServeCall, CountsEachCallOnceAndNoneIsLeftUnderWay) {
    Rig rig(whole(hello));

    rig.post(ask("m"));
    rig.post(ask("other"));

    const auto text = rig.registry.render();
    EXPECT_THAT(text, HasSubstr(R"(forebay_calls_total{model="m",outcome="ok",status="200",target="provider:up"} 1)"));
    EXPECT_THAT(text,
                HasSubstr(R"(forebay_calls_total{model="unknown",outcome="refused",status="404",target="none"} 1)"));
    EXPECT_EQ(rig.metrics.under_way(), 0);
}

TEST(BuildRoutes, KeepsAProviderWhoseSettingsAreTheSame) {
    exec::IoThreads threads(1);
    config::Settings settings;
    settings.providers["up"].base_url = "http://127.0.0.1:9/v1";
    const auto before = *build_routes(threads, settings, {});

    const auto same = *build_routes(threads, settings, before.providers);
    settings.providers["up"].api_key = config::Secret("new");
    const auto changed = *build_routes(threads, settings, before.providers);

    EXPECT_EQ(before.providers.at("up"), same.providers.at("up"));
    EXPECT_NE(before.providers.at("up"), changed.providers.at("up"));
}

// With a token per byte, ask() is 12 tokens: 3 for the answer, 3 for the message, "user" and "hi".
TEST(Measure, TheCountIsInTheRecordAndInTheMetrics) {
    Rig rig(whole(hello));

    rig.post(ask("narrow"));

    EXPECT_THAT(rig.journal.last(),
                HasSubstr(R"("counted":{"prompt_tokens":12,"exact":true,"tokenizer":"bytes","micros":)"));
    const auto metrics = rig.registry.render();
    EXPECT_THAT(
        metrics,
        HasSubstr(R"(forebay_counted_prompt_tokens_total{exact="true",model="narrow",target="provider:up"} 12)"));
    EXPECT_THAT(metrics, HasSubstr(R"(forebay_prompt_count_mismatches_total{model="narrow",target="provider:up"} 1)"));
    EXPECT_THAT(metrics, HasSubstr(R"(forebay_prompt_count_seconds_count{model="narrow",target="provider:up"} 1)"));
    EXPECT_THAT(metrics, HasSubstr(R"(forebay_prompt_count_ratio_sum{model="narrow",target="provider:up"} 4)"));
}

TEST(Measure, APromptThatFitsNoTargetIsRefusedBeforeAnyIsAsked) {
    Rig rig(whole(hello));

    const auto answer = rig.post(ask("narrow", false, R"(,"user":"x","max_tokens":9)"));

    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 400"));
    EXPECT_THAT(answer,
                HasSubstr(R"("type":"invalid_request_error","param":"messages","code":"context_length_exceeded")"));
    EXPECT_THAT(answer, HasSubstr("This model's maximum context length is 20 tokens. However, you requested 21 tokens "
                                  "(12 in the messages, 9 in the completion)."));
    EXPECT_EQ(rig.answer.seen_body, "");
    EXPECT_THAT(rig.journal.last(), HasSubstr(R"("counted":{"prompt_tokens":12)"));
    EXPECT_EQ(openai::field_text(rig.journal.last(), "outcome"), "\"refused\"");
    EXPECT_EQ(openai::field_text(rig.journal.last(), "attempts"), std::nullopt);
}

TEST(Measure, ATargetThatThePromptDoesNotFitIsPassedOver) {
    Rig rig(whole(hello));

    EXPECT_THAT(rig.post(ask("measured", false, R"(,"max_tokens":9)")), EndsWith(hello));

    const auto attempts = std::string(openai::field_text(rig.journal.last(), "attempts").value_or(""));
    EXPECT_THAT(attempts, HasSubstr(R"({"target":"provider:dead","status":0,"error":"not asked: This model's)"));
    EXPECT_THAT(attempts, HasSubstr(R"({"target":"provider:up","status":200})"));
}

TEST(Measure, ALargePromptIsCountedOnThePool) {
    Rig rig(whole(hello));
    const std::string text(100'000, 'x');

    rig.post(fmt::format(R"({{"model":"measured","messages":[{{"role":"user","content":"{}"}}]}})", text));

    EXPECT_THAT(rig.journal.last(), HasSubstr(R"("counted":{"prompt_tokens":100010,"exact":true)"));
}

}  // namespace
}  // namespace forebay::serving
