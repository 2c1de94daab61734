// HTTP/1.1 client for one upstream: pooled connections per I/O thread, limits on connecting, on the first
// byte and on silence, TLS with verification.
//
// Owner    providers/ keeps one per upstream; it outlives every response it gave.
// Threads  send() from any I/O thread; a connection stays with the thread that opened it.
// Cancel   a cancelled call ends its wait at once and closes the connection under it.
// Errors   unavailable: cannot resolve, connect or shake hands, or the upstream closed before it answered;
//          deadline_exceeded: a limit passed; resource_exhausted: connections_max are busy;
//          bad_upstream: not HTTP, or cut in the middle; cancelled: the caller was told to end.
// Retry    a request that failed on a pooled connection before any byte of an answer came is sent once
//          more on a new one: the upstream had closed the connection while it was idle.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "exec/io_threads.h"
#include "exec/task.h"
#include "net/http.h"
#include "net/url.h"

namespace forebay::net {

struct ClientRequest {
    std::string method = "POST";
    std::string path;                         // appended to the upstream's own path
    Headers headers;                          // without host, content-length and connection, which the client writes
    std::shared_ptr<const std::string> body;  // may be null
};

// An answer whose body is read piece by piece. Destroying it before the end closes its connection;
// after the end the connection goes back to the pool.
class ClientResponse {
public:
    virtual ~ClientResponse() = default;
    virtual unsigned status() const = 0;
    virtual const Headers& headers() const = 0;
    // The next piece of the body, valid until the next call; empty at the end.
    virtual exec::Task<Result<std::string_view>> read() = 0;
    // The rest of the body. bad_upstream when it is above `bytes_max`.
    virtual exec::Task<Result<std::string>> read_all(std::uint64_t bytes_max) = 0;
};

class HttpClient {
public:
    struct Options {
        Url url;
        std::chrono::milliseconds connect_timeout{5'000};
        std::chrono::milliseconds first_byte_timeout{300'000};
        std::chrono::milliseconds idle_timeout{120'000};
        std::uint32_t connections_max = 1024;  // per I/O thread
        std::string ca_file;
    };
    // invalid_argument: the certificate authorities cannot be loaded.
    static Result<std::unique_ptr<HttpClient>> create(exec::IoThreads& threads, Options options);
    ~HttpClient();

    exec::Task<Result<std::unique_ptr<ClientResponse>>> send(exec::IoThread& thread, ClientRequest request);

    // Closes the idle connections, and those under way when their answers end. Call it before the last
    // reference goes, while the threads run: a connection must be closed on its own thread. Returns at once.
    void retire();
    std::uint64_t connections_opened() const;

    struct Impl;  // known to http_client.cpp alone

private:
    explicit HttpClient(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace forebay::net
