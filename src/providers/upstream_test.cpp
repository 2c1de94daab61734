#include "providers/upstream.h"

#include <gtest/gtest.h>

#include "net/test_rig.h"

namespace forebay::providers {
namespace {

// Answers with what it was sent: path, authorization and body.
exec::Task<void> show(net::Exchange& exchange) {
    const auto& request = exchange.request();
    net::Response response;
    response.body = std::string(request.path()) + "|" +
                    std::string(request.headers.find("authorization").value_or("none")) + "|" +
                    std::string(request.headers.find("accept").value_or("none")) + "|" +
                    std::string(request.headers.find("traceparent").value_or("none")) + "|" + request.body;
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

exec::Task<Result<std::string>> call(Provider& provider, exec::IoThread& thread, UpstreamCall what) {
    FOREBAY_CO_TRY(auto response,
                   co_await send_call(*provider.client, thread, provider.settings.api_key, std::move(what)));
    co_return co_await response->read_all(1 << 20);
}

config::ProviderSettings settings_for(const net::TestServer& server) {
    config::ProviderSettings settings;
    settings.name = "upstream";
    settings.base_url = fmt::format("http://127.0.0.1:{}/v1", server.port);
    return settings;
}

TEST(SendCall, SendsPathKeyAndBodyAsTheyAre) {
    net::TestServer server(show);
    auto settings = settings_for(server);
    settings.api_key = config::Secret("sk-1");
    auto provider = *open_provider(server.threads, settings);
    UpstreamCall what;
    what.body = std::make_shared<const std::string>("{\"a\": 1.0}");
    what.stream = true;
    what.traceparent = "00-1-2-01";

    EXPECT_EQ(*net::run_on(server.threads[0], call(*provider, server.threads[0], what)),
              "/v1/chat/completions|Bearer sk-1|text/event-stream|00-1-2-01|{\"a\": 1.0}");
    provider->client->retire();
}

TEST(SendCall, SendsNoKeyWhenThereIsNone) {
    net::TestServer server(show);
    auto provider = *open_provider(server.threads, settings_for(server));
    UpstreamCall what;
    what.endpoint = openai::Endpoint::completions;
    what.body = std::make_shared<const std::string>("{}");

    EXPECT_EQ(*net::run_on(server.threads[0], call(*provider, server.threads[0], what)),
              "/v1/completions|none|application/json|none|{}");
    provider->client->retire();
}

TEST(OpenProvider, NamesAuthoritiesThatCannotBeLoaded) {
    exec::IoThreads threads(1);
    config::ProviderSettings settings;
    settings.base_url = "https://127.0.0.1";
    settings.ca_file = "/nowhere/ca.pem";

    const auto opened = open_provider(threads, settings);

    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace forebay::providers
