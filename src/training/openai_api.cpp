#include "training/openai_api.h"

#include <time.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <condition_variable>
#include <future>
#include <mutex>
#include <span>

#include "base/random.h"
#include "base/utf8.h"
#include "exec/cancel.h"
#include "openai/json_text.h"

namespace forebay::training {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_for_stop_every{100};
constexpr milliseconds retry_after_max{3'600'000};
constexpr std::size_t shown_bytes_max = 500;
// How long a cancelled exchange may take to end; only the system's resolver heeds no cancellation.
constexpr std::chrono::seconds cancel_patience{2};

// What the waiting thread and the exchange's coroutine share; either may be the last to let go.
struct Flight {
    std::promise<Result<ApiAnswer>> promise;
    boost::asio::cancellation_signal cancel;
};

exec::Task<Result<ApiAnswer>> exchange(std::shared_ptr<net::HttpClient> client, exec::IoThread* thread,
                                       net::ClientRequest request, std::uint64_t answer_bytes_max) {
    co_await exec::keep_running_when_cancelled();
    FOREBAY_CO_TRY(auto response, co_await client->send(*thread, std::move(request)));
    ApiAnswer answer;
    answer.status = response->status();
    if (const auto after_ms = response->headers().find("retry-after-ms")) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(after_ms->data(), after_ms->data() + after_ms->size(), count);
        if (error == std::errc() && count >= 0) answer.retry_after = std::min(milliseconds(count), retry_after_max);
    }
    if (const auto after = response->headers().find("retry-after"); after && !answer.retry_after) {
        answer.retry_after = parse_retry_after(*after, unix_micros_now());
    }
    FOREBAY_CO_TRY(answer.body, co_await response->read_all(answer_bytes_max));
    co_return answer;
}

void start(exec::IoThread& thread, exec::Task<Result<ApiAnswer>> task, const std::shared_ptr<Flight>& flight) {
    auto landed = [flight](std::exception_ptr bug, Result<ApiAnswer> answer) {
        if (bug) {
            flight->promise.set_exception(bug);
        } else {
            flight->promise.set_value(std::move(answer));
        }
    };
    boost::asio::co_spawn(thread.context(), std::move(task),
                          boost::asio::bind_cancellation_slot(flight->cancel.slot(), std::move(landed)));
}

Code code_of_status(unsigned status) {
    switch (status) {
        case 401: return Code::unauthenticated;
        case 403: return Code::permission_denied;
        case 404: return Code::not_found;
        case 409: return Code::conflict;
        case 413: return Code::too_large;
        case 408: return Code::deadline_exceeded;
        case 429: return Code::resource_exhausted;
        default: return status >= 500 ? Code::unavailable : status >= 400 ? Code::invalid_argument : Code::bad_upstream;
    }
}

struct ApiError {
    std::string message, param, code;
};

// {"error":{"message","type","param","code"}}; what is missing stays empty.
ApiError error_in(std::string_view body) {
    ApiError out;
    simdjson::dom::parser parser;
    auto parsed = openai::parse_json(parser, body);
    simdjson::dom::element error;
    if (parsed.error() || parsed["error"].get(error)) return out;
    std::string_view text;
    if (!error["message"].get(text)) out.message = text;
    if (!error["param"].get(text)) out.param = text;
    if (!error["code"].get(text)) out.code = text;
    return out;
}

}  // namespace

ApiTime system_time() {
    ApiTime time;
    time.wait = [](milliseconds span) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable never_notified;
        const auto until = SteadyClock::now() + span;
        never_notified.wait_until(lock, until, [until] { return SteadyClock::now() >= until; });
    };
    time.random = [] {
        std::uint64_t bits = 0;
        fill_random({reinterpret_cast<std::uint8_t*>(&bits), sizeof bits});
        return static_cast<double>(bits >> 11) * 0x1.0p-53;
    };
    return time;
}

milliseconds backoff(unsigned number, milliseconds first, milliseconds most, double random) {
    const unsigned doublings = std::min(number < 2 ? 0u : number - 2, 20u);
    const auto whole = static_cast<double>(std::min(first * (std::int64_t{1} << doublings), most).count());
    return milliseconds(static_cast<std::int64_t>(whole * (0.5 + 0.5 * random)));
}

std::optional<milliseconds> parse_retry_after(std::string_view value, std::int64_t now_unix_micros) {
    const auto most_seconds = static_cast<double>(retry_after_max.count()) / 1000;
    double seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && end == value.data() + value.size()) {
        if (!(seconds >= 0)) return std::nullopt;
        return milliseconds(static_cast<std::int64_t>(std::min(seconds, most_seconds) * 1000));
    }
    const std::string text(value);
    tm date{};
    const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (!rest || *rest != '\0') return std::nullopt;
    const std::int64_t span = (::timegm(&date) * std::int64_t{1'000'000} - now_unix_micros) / 1000;
    return std::clamp(milliseconds(span), milliseconds(0), retry_after_max);
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

Result<std::unique_ptr<OpenaiApi>> OpenaiApi::open(exec::IoThreads& threads, Options options) {
    auto url = net::parse_url(options.base_url);
    if (!url) return fail(Code::invalid_argument, "driver.base_url: {}", url.error().message);
    if (options.key.reveal().find_first_of("\r\n") != std::string::npos) {
        return fail(Code::invalid_argument, "driver.api_key holds a line break");
    }
    net::HttpClient::Options client_options;
    client_options.url = *std::move(url);
    // The exchange's own deadline is the limit: an upload may take long without any answer.
    client_options.first_byte_timeout = client_options.idle_timeout = std::chrono::hours(24);
    client_options.connect_timeout = milliseconds(15'000);
    client_options.ca_file = options.ca_file;
    FOREBAY_TRY(auto client, net::HttpClient::create(threads, std::move(client_options)));
    client->retire();  // pools nothing from the start
    return std::unique_ptr<OpenaiApi>(new OpenaiApi(threads, std::move(options), std::move(client)));
}

OpenaiApi::OpenaiApi(exec::IoThreads& threads, Options options, std::shared_ptr<net::HttpClient> client)
    : threads_(threads), options_(std::move(options)), client_(std::move(client)) {}

net::ClientRequest OpenaiApi::with_headers(const ApiRequest& request) const {
    net::ClientRequest out;
    out.method = request.method;
    out.path = request.path;
    out.body = request.body;
    out.headers.add("accept", "application/json");
    out.headers.add("accept-encoding", "identity");
    out.headers.add("user-agent", "forebay");
    if (request.body) out.headers.add("content-type", request.content_type);
    if (!request.idempotency_key.empty()) out.headers.add("idempotency-key", request.idempotency_key);
    if (!options_.key.empty()) out.headers.add("authorization", "Bearer " + options_.key.reveal());
    return out;
}

Result<ApiAnswer> OpenaiApi::exchange_blocking(const ApiRequest& request) {
    if (request.interruptible && stop_asked()) return fail(Code::cancelled, "stopped");
    exec::IoThread& thread = threads_[0];
    auto flight = std::make_shared<Flight>();
    auto answer = flight->promise.get_future();
    start(thread, exchange(client_, &thread, with_headers(request), request.answer_bytes_max), flight);

    const Deadline deadline = Deadline::in(request.deadline);
    bool stopped = false;
    while (answer.wait_until(std::min(deadline.at(), SteadyClock::now() + look_for_stop_every)) !=
           std::future_status::ready) {
        stopped = request.interruptible && stop_asked();
        if (!stopped && !deadline.passed()) continue;
        boost::asio::post(thread.context(),
                          [flight] { flight->cancel.emit(boost::asio::cancellation_type::terminal); });
        answer.wait_for(cancel_patience);
        if (stopped) return fail(Code::cancelled, "stopped");
        return fail(Code::deadline_exceeded, "{} did not answer within {} ms", options_.base_url,
                    request.deadline.count());
    }
    return answer.get();
}

Verdict OpenaiApi::judge(const Result<ApiAnswer>& attempt) const {
    if (!attempt) {
        const Code code = attempt.error().code;
        const bool again = code == Code::unavailable || code == Code::deadline_exceeded || code == Code::bad_upstream;
        Error error{code, fit_to_show(attempt.error().message), {}};
        return {again ? Verdict::What::again : Verdict::What::give_up, std::move(error), {}};
    }
    const unsigned status = attempt->status;
    if (status >= 200 && status < 300) return {};
    const ApiError said = error_in(attempt->body);
    Error error;
    error.code = code_of_status(status);
    error.param = fit_to_show(said.param);
    error.message = fmt::format("{} answered {}: {}", options_.base_url, status,
                                said.message.empty() ? "(no reason given)" : fit_to_show(said.message));
    if (!said.code.empty()) error.message += fmt::format(" ({})", fit_to_show(said.code));
    if (status == 401) error.message += "; see driver.api_key";
    // A spent quota answers 429 as well, and no pause mends it.
    const bool spent = said.code == "insufficient_quota";
    const bool again = (status == 408 || status == 409 || status == 429 || status >= 500) && status != 501 && !spent;
    return {again ? Verdict::What::again : Verdict::What::give_up, std::move(error), attempt->retry_after};
}

Result<void> OpenaiApi::request_blocking(const ApiRequest& request, unsigned attempts_max, const Take& take) {
    for (unsigned number = 1;; ++number) {
        const auto attempt = exchange_blocking(request);
        Verdict verdict = judge(attempt);
        if (verdict.what == Verdict::What::done) {
            const auto taken = take(attempt->body);
            if (taken) return {};
            verdict = {Verdict::What::again, Error{taken.error().code, fit_to_show(taken.error().message), {}}, {}};
        }
        if (verdict.what == Verdict::What::give_up) return std::unexpected(std::move(verdict.error));
        if (number >= attempts_max) {
            verdict.error.message += fmt::format("; gave up after {} attempts", number);
            return std::unexpected(std::move(verdict.error));
        }
        FOREBAY_TRY_VOID(pause_blocking(number + 1, verdict.retry_after));
    }
}

Result<void> OpenaiApi::pause_blocking(unsigned number, std::optional<milliseconds> retry_after) {
    const auto own = backoff(number, options_.backoff_first, options_.backoff_max, options_.time.random());
    return wait_blocking(retry_after ? std::max(own, *retry_after) : own);
}

Result<void> OpenaiApi::wait_blocking(milliseconds span) {
    while (span.count() > 0) {
        if (stop_asked()) return fail(Code::cancelled, "stopped");
        const auto slice = std::min(span, look_for_stop_every);
        options_.time.wait(slice);
        span -= slice;
    }
    if (stop_asked()) return fail(Code::cancelled, "stopped");
    return {};
}

std::string OpenaiApi::fit_to_show(std::string_view text) const {
    std::string out(text);
    const std::string& key = options_.key.reveal();
    constexpr std::string_view hidden = "***";
    if (!key.empty()) {
        for (auto at = out.find(key); at != std::string::npos; at = out.find(key, at + hidden.size())) {
            out.replace(at, key.size(), hidden);
        }
    }
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    if (out.size() > shown_bytes_max) {
        out.resize(utf8::whole_prefix_size(std::string_view(out).substr(0, shown_bytes_max)));
        out += "…";
    }
    return utf8::sanitized(out);
}

}  // namespace forebay::training
