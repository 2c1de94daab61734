// Requests to an OpenAI-compatible API from a thread that may block: each with a deadline, repeated where that helps.
//
// Repeats  429, 408, 409 and 5xx answers, failed connections, passed deadlines and unreadable answers, after an
//          exponential pause with jitter, or what Retry-After asks for. Each request has a connection of its own, so
//          that none is ever sent twice without this file knowing.
// Threads  one thread at a time calls; the exchange itself runs on the first of the I/O threads.
// Errors   cancelled: stop_asked said so. The rest says what the API answered, without the key, in at most 500
// characters.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "config/settings.h"
#include "exec/io_threads.h"
#include "net/http_client.h"

namespace forebay::training {

// Time and chance, replaced in tests.
struct ApiTime {
    std::function<void(std::chrono::milliseconds)> wait;  // blocks for so long
    std::function<double()> random;                       // 0 to below 1
};
ApiTime system_time();

struct ApiRequest {
    std::string method = "GET";
    std::string path;          // after the base URL, with its query
    std::string content_type;  // of `body`
    std::shared_ptr<const std::string> body;
    std::string idempotency_key;                 // empty: none is sent
    std::chrono::milliseconds deadline{60'000};  // for the whole exchange
    std::uint64_t answer_bytes_max = 16ull * 1024 * 1024;
    bool interruptible = true;  // false: stop_asked is not looked at while the exchange runs
};

struct ApiAnswer {
    unsigned status = 0;
    std::string body;
    std::optional<std::chrono::milliseconds> retry_after;
};

// What to do about an attempt.
struct Verdict {
    enum class What { done, again, give_up } what = What::done;
    Error error;  // when not done
    std::optional<std::chrono::milliseconds> retry_after;
};

class OpenaiApi {
public:
    struct Options {
        std::string base_url;  // "https://api.openai.com/v1"
        config::Secret key;    // empty: none is sent
        std::string ca_file;
        unsigned attempts_max = 8;
        std::chrono::milliseconds backoff_first{1'000};
        std::chrono::milliseconds backoff_max{60'000};
        ApiTime time = system_time();
        std::function<bool()> stop_asked;  // may be null
    };
    // invalid_argument: the URL or the certificate authorities cannot be used.
    static Result<std::unique_ptr<OpenaiApi>> open(exec::IoThreads& threads, Options options);

    // One attempt; an HTTP error status is an answer.
    Result<ApiAnswer> exchange_blocking(const ApiRequest& request);
    Verdict judge(const Result<ApiAnswer>& attempt) const;
    // Attempts until one is answered with 2xx and `take` accepts its body (a refusal is an unreadable answer).
    using Take = std::function<Result<void>(std::string_view body)>;
    Result<void> request_blocking(const ApiRequest& request, unsigned attempts_max, const Take& take);
    // The pause before attempt `number` (2: the second). cancelled: stop_asked.
    Result<void> pause_blocking(unsigned number, std::optional<std::chrono::milliseconds> retry_after);
    // cancelled: stop_asked.
    Result<void> wait_blocking(std::chrono::milliseconds span);
    bool stop_asked() const { return options_.stop_asked && options_.stop_asked(); }

    // Text of the API's, fit for a message: without the key and control characters, shortened.
    std::string fit_to_show(std::string_view text) const;
    const Options& options() const { return options_; }

private:
    OpenaiApi(exec::IoThreads& threads, Options options, std::shared_ptr<net::HttpClient> client);
    net::ClientRequest with_headers(const ApiRequest& request) const;

    exec::IoThreads& threads_;
    const Options options_;
    std::shared_ptr<net::HttpClient> client_;
};

// The pause before attempt `number`: backoff_first doubled each time, at most `most`; half of it is chance.
std::chrono::milliseconds backoff(unsigned number, std::chrono::milliseconds first, std::chrono::milliseconds most,
                                  double random);
// Retry-After (RFC 9110 section 10.2.3), seconds or a date; at most an hour. Nothing where it says neither.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::int64_t now_unix_micros);
// `text` as one segment of a path or as a value of a query (RFC 3986 section 2.1).
std::string percent_encoded(std::string_view text);

}  // namespace forebay::training
