#include "providers/upstream.h"

namespace forebay::providers {

exec::Task<Result<std::unique_ptr<net::ClientResponse>>> send_call(net::HttpClient& client, exec::IoThread& thread,
                                                                   const config::Secret& api_key, UpstreamCall call) {
    net::ClientRequest request;
    request.path = openai::path_of(call.endpoint);
    request.body = std::move(call.body);
    request.headers.add("content-type", "application/json");
    request.headers.add("accept", call.stream ? "text/event-stream" : "application/json");
    request.headers.add("accept-encoding", "identity");
    request.headers.add("user-agent", "forebay");
    request.headers.add("x-request-id", call.request_id);
    if (!call.traceparent.empty()) request.headers.add("traceparent", call.traceparent);
    if (!api_key.empty()) request.headers.add("authorization", "Bearer " + api_key.reveal());
    co_return co_await client.send(thread, std::move(request));
}

Result<std::shared_ptr<Provider>> open_provider(exec::IoThreads& threads, const config::ProviderSettings& settings) {
    FOREBAY_TRY(auto url, net::parse_url(settings.base_url));
    net::HttpClient::Options options{
        .url = std::move(url),
        .connect_timeout = settings.connect_timeout,
        .first_byte_timeout = settings.first_byte_timeout,
        .idle_timeout = settings.idle_timeout,
        .connections_max = settings.connections_max,
        .ca_file = settings.ca_file,
    };
    FOREBAY_TRY(auto client, net::HttpClient::create(threads, std::move(options)));
    auto provider = std::make_shared<Provider>(settings, std::move(client));
    return provider;
}

}  // namespace forebay::providers
