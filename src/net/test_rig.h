// For tests: a server on a free port, clients of both kinds, coroutines run to their end.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <string>
#include <thread>

#include "net/http_client.h"
#include "net/http_server.h"

namespace forebay::net {

// Runs a coroutine on an I/O thread and waits for its value.
template <class T>
T run_on(exec::IoThread& thread, exec::Task<T> task) {
    std::promise<T> promise;
    auto on_end = [&promise](std::exception_ptr bug, T value) {
        if (bug) {
            promise.set_exception(bug);
        } else {
            promise.set_value(std::move(value));
        }
    };
    boost::asio::co_spawn(thread.context(), std::move(task), std::move(on_end));
    return promise.get_future().get();
}

struct TestServer {
    explicit TestServer(Handler handler, config::ServerSettings limits = {})
        : server(threads, options_with(std::move(limits)), std::move(handler)) {
        threads.start();
        port = *server.start_blocking();
    }
    ~TestServer() {
        server.stop_blocking(std::chrono::seconds(10));
        threads.stop_blocking();
    }

    static HttpServer::Options options_with(config::ServerSettings limits) {
        HttpServer::Options options;
        options.listen.port = 0;
        options.limits = std::move(limits);
        options.error_body = [](unsigned status, std::string_view message) {
            Response response;
            response.status = status;
            response.body = message;
            return response;
        };
        return options;
    }

    // Sends raw bytes and reads until the server closes.
    std::string converse(std::string_view bytes) const {
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        boost::system::error_code ignored;
        boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
        std::string answer;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
        return answer;
    }

    std::unique_ptr<HttpClient> client(HttpClient::Options options = {}) {
        options.url = Url{false, "127.0.0.1", port, ""};
        return *HttpClient::create(threads, std::move(options));
    }

    exec::IoThreads threads{1};
    HttpServer server;
    std::uint16_t port = 0;
};

}  // namespace forebay::net
