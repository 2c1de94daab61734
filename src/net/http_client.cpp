#include "net/http_client.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <vector>

#include "net/client_connection.h"

namespace forebay::net {

using exec::Task;

namespace {

constexpr std::uint64_t response_header_bytes_max = 64 * 1024;
constexpr std::size_t idle_connections_max = 256;  // per I/O thread

}  // namespace

struct HttpClient::Impl {
    struct PerThread {
        std::vector<std::unique_ptr<ClientConnection>> idle;  // the newest at the back
        std::uint32_t busy = 0;
    };

    Options options;
    TlsContext tls;  // null for http
    exec::IoThreads& threads;
    std::vector<PerThread> per_thread;
    std::atomic<std::uint64_t> opened{0};
    std::atomic<bool> retired{false};

    std::unique_ptr<ClientConnection> take_idle(unsigned thread) {
        auto& idle = per_thread[thread].idle;
        while (!idle.empty()) {
            auto connection = std::move(idle.back());
            idle.pop_back();
            if (connection->is_quiet()) return connection;
        }
        return nullptr;
    }

    void give_back(std::unique_ptr<ClientConnection> connection) {
        auto& idle = per_thread[connection->thread().index()].idle;
        if (!retired.load() && idle.size() < idle_connections_max) idle.push_back(std::move(connection));
    }
};

namespace {

class PooledResponse final : public ClientResponse {
public:
    PooledResponse(std::shared_ptr<HttpClient::Impl> client, unsigned thread)
        : client_(std::move(client)),
          thread_(thread),
          parser_(std::make_unique<ResponseParser>(response_header_bytes_max)) {
        ++client_->per_thread[thread_].busy;
    }
    ~PooledResponse() override {
        --client_->per_thread[thread_].busy;
        const bool whole = connection_ && parser_->is_done() && parser_->keep_alive() && parser_->status() >= 200;
        if (whole) client_->give_back(std::move(connection_));
    }

    unsigned status() const override { return parser_->status(); }
    const Headers& headers() const override { return parser_->headers(); }

    Task<Result<void>> exchange(std::string_view head, const ClientRequest& request);
    Task<Result<std::string_view>> read() override;
    Task<Result<std::string>> read_all(std::uint64_t bytes_max) override;

private:
    Task<Result<void>> attempt(std::string_view head, const ClientRequest& request);

    std::shared_ptr<HttpClient::Impl> client_;
    const unsigned thread_;
    std::unique_ptr<ClientConnection> connection_;
    std::unique_ptr<ResponseParser> parser_;
    std::string piece_;
};

Task<Result<void>> PooledResponse::attempt(std::string_view head, const ClientRequest& request) {
    connection_->begin_answer();
    const std::string_view body = request.body ? std::string_view(*request.body) : std::string_view();
    FOREBAY_CO_TRY_VOID(co_await connection_->write(head, body));
    for (;;) {
        while (!parser_->is_header_done()) FOREBAY_CO_TRY_VOID(co_await connection_->read(*parser_));
        if (parser_->status() >= 200) co_return Result<void>{};
        if (parser_->status() == 101) co_return fail(Code::bad_upstream, "the upstream switched protocols unasked");
        // An interim answer (RFC 9110 section 15.2); the real one follows on the same connection.
        parser_ = std::make_unique<ResponseParser>(response_header_bytes_max);
        connection_->begin_answer();
        FOREBAY_CO_TRY_VOID(connection_->parse(*parser_));
    }
}

Task<Result<void>> PooledResponse::exchange(std::string_view head, const ClientRequest& request) {
    connection_ = client_->take_idle(thread_);
    if (connection_) {
        auto done = co_await attempt(head, request);
        const bool stale = !done && done.error().code == Code::unavailable && !connection_->answered();
        if (!stale) co_return done;
    }
    connection_ = std::make_unique<ClientConnection>(client_->threads[thread_], client_->options);
    client_->opened.fetch_add(1, std::memory_order_relaxed);
    FOREBAY_CO_TRY_VOID(co_await connection_->open(client_->tls));
    co_return co_await attempt(head, request);
}

Task<Result<std::string_view>> PooledResponse::read() {
    while (parser_->pending().empty() && !parser_->is_done()) {
        FOREBAY_CO_TRY_VOID(co_await connection_->read(*parser_));
    }
    piece_.clear();
    piece_.swap(parser_->pending());
    co_return std::string_view(piece_);
}

Task<Result<std::string>> PooledResponse::read_all(std::uint64_t bytes_max) {
    while (!parser_->is_done()) {
        FOREBAY_CO_TRY_VOID(co_await connection_->read(*parser_));
        if (parser_->pending().size() > bytes_max) {
            co_return fail(Code::bad_upstream, "the upstream's answer is larger than {} bytes", bytes_max);
        }
    }
    co_return std::move(parser_->pending());
}

std::string head_of(const HttpClient::Options& options, const ClientRequest& request) {
    std::string head;
    head.reserve(512);
    fmt::format_to(std::back_inserter(head), "{} {}{} HTTP/1.1\r\nhost: {}\r\n", request.method, options.url.path,
                   request.path, options.url.authority());
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
        head += request.headers.name(i);
        head += ": ";
        head += request.headers.value(i);
        head += "\r\n";
    }
    if (request.body) fmt::format_to(std::back_inserter(head), "content-length: {}\r\n", request.body->size());
    head += "\r\n";
    return head;
}

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(exec::IoThreads& threads, Options options) {
    TlsContext tls;
    if (options.url.tls) {
        FOREBAY_TRY(tls, client_tls(options.ca_file));
    }
    std::vector<Impl::PerThread> per_thread(threads.size());
    auto impl = std::make_shared<Impl>(std::move(options), std::move(tls), threads, std::move(per_thread));
    return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

HttpClient::HttpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

std::uint64_t HttpClient::connections_opened() const { return impl_->opened.load(std::memory_order_relaxed); }

Task<Result<std::unique_ptr<ClientResponse>>> HttpClient::send(exec::IoThread& thread, ClientRequest request) {
    auto impl = impl_;
    const unsigned index = thread.index();
    if (impl->per_thread[index].busy >= impl->options.connections_max) {
        co_return fail(Code::resource_exhausted, "all {} connections to the upstream {} are busy",
                       impl->options.connections_max, impl->options.url.authority());
    }
    const std::string head = head_of(impl->options, request);
    auto response = std::make_unique<PooledResponse>(impl, index);
    FOREBAY_CO_TRY_VOID(co_await response->exchange(head, request));
    co_return std::unique_ptr<ClientResponse>(std::move(response));
}

void HttpClient::retire() {
    impl_->retired.store(true);
    for (std::size_t i = 0; i < impl_->per_thread.size(); ++i) {
        asio::post(impl_->threads[i].context(), [impl = impl_, i] { impl->per_thread[i].idle.clear(); });
    }
}

}  // namespace forebay::net
