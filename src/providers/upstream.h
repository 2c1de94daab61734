// Upstream: whoever speaks the OpenAI protocol and answers for us: a provider, or one of our own workers.
//
// Floor    3. Called by serving/.
// Threads  send_call from any I/O thread.
// Errors   those of net::HttpClient. An HTTP error status is an answer, not an error here.
#pragma once
#include <memory>
#include <string>

#include "config/settings.h"
#include "net/http_client.h"
#include "openai/request.h"

namespace forebay::providers {

struct UpstreamCall {
    openai::Endpoint endpoint = openai::Endpoint::chat_completions;
    std::shared_ptr<const std::string> body;
    bool stream = false;
    std::string request_id;   // sent as x-request-id, so that both logs can be joined
    std::string traceparent;  // passed on when the caller sent one
};

exec::Task<Result<std::unique_ptr<net::ClientResponse>>> send_call(net::HttpClient& client, exec::IoThread& thread,
                                                                   const config::Secret& api_key, UpstreamCall call);

// One provider of the configuration.
struct Provider {
    config::ProviderSettings settings;
    std::unique_ptr<net::HttpClient> client;
};
// invalid_argument: the URL or the certificate authorities cannot be used.
Result<std::shared_ptr<Provider>> open_provider(exec::IoThreads& threads, const config::ProviderSettings& settings);

}  // namespace forebay::providers
