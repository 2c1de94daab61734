// One pooled connection to an upstream. Used by http_client.cpp only.
#pragma once
#include <memory>
#include <string>

#include "exec/watches.h"
#include "net/http_client.h"
#include "net/parsers.h"
#include "net/socket.h"
#include "net/tls.h"

namespace forebay::net {

class ClientConnection final : private exec::Watch {
public:
    ClientConnection(exec::IoThread& thread, const HttpClient::Options& options);

    exec::Task<Result<void>> open(TlsContext tls);
    // Writes head and body.
    exec::Task<Result<void>> write(std::string_view head, std::string_view body);
    // Reads once into the parser. The limit is first_byte until any byte came, idle after that.
    exec::Task<Result<void>> read(ResponseParser& parser);

    // Parses what has been read already: what came in one piece with an interim answer.
    Result<void> parse(ResponseParser& parser);

    // Whether the upstream has neither closed nor sent anything while nobody looked.
    bool is_quiet();
    // Whether any byte of the current answer has come.
    bool answered() const { return answered_; }
    void begin_answer() { answered_ = timed_out_ = false; }
    exec::IoThread& thread() { return thread_; }
    void close();

private:
    void on_expired() override;
    exec::Task<Result<void>> connect();
    exec::Task<Result<void>> resolve_and_connect();
    Error failure(std::string_view what, const IoError& error) const;

    exec::IoThread& thread_;
    const HttpClient::Options& options_;
    TcpSocket socket_;
    std::unique_ptr<TlsSocket> tls_;  // wraps a moved socket_ when the upstream is https
    asio::ip::basic_resolver<Tcp, exec::Executor> resolver_;
    boost::beast::flat_buffer buffer_;
    bool timed_out_ = false;
    bool answered_ = false;
};

}  // namespace forebay::net
