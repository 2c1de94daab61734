// Server and client against each other and against raw bytes, over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>

#include "exec/cancel.h"
#include "net/test_rig.h"

namespace forebay::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Timer = boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, exec::Executor>;

exec::Task<void> echo(Exchange& exchange) {
    Response response;
    response.headers.add("x-method", exchange.request().method);
    response.headers.add("x-target", exchange.request().target);
    response.body = exchange.request().body;
    auto sent = co_await exchange.send(std::move(response));
    static_cast<void>(sent);
}

exec::Task<void> stream_three(Exchange& exchange) {
    Response head;
    head.headers.add("content-type", "text/event-stream");
    auto begun = co_await exchange.begin_stream(std::move(head));
    EXPECT_TRUE(begun.has_value());
    for (const std::string piece : {"one", "two", "three"}) {
        auto written = co_await exchange.write(piece);
        EXPECT_TRUE(written.has_value());
    }
    auto finished = co_await exchange.finish_stream();
    EXPECT_TRUE(finished.has_value());
}

exec::Task<void> cut_after_one(Exchange& exchange) {
    auto begun = co_await exchange.begin_stream({});
    auto written = co_await exchange.write("one");
    EXPECT_TRUE(begun && written);
}

config::ServerSettings small_limits() {
    config::ServerSettings limits;
    limits.header_bytes_max = 1024;
    limits.body_bytes_max = 100;
    return limits;
}

exec::Task<Result<std::string>> get_body(HttpClient& client, exec::IoThread& thread, ClientRequest request) {
    FOREBAY_CO_TRY(auto response, co_await client.send(thread, std::move(request)));
    co_return co_await response->read_all(1 << 20);
}

ClientRequest post(std::string body) {
    ClientRequest request;
    request.path = "/x";
    request.body = std::make_shared<const std::string>(std::move(body));
    return request;
}

TEST(HttpServer, AnswersSizedAndChunkedBodies) {
    TestServer server(echo);

    EXPECT_THAT(
        server.converse("POST /a?b=1 HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"),
        testing::AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("x-target: /a?b=1\r\n"),
                       EndsWith("\r\n\r\nhello")));
    EXPECT_THAT(server.converse("POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
                                "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\n\r\n"),
                EndsWith("\r\n\r\nhello"));
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    TestServer server(echo);

    const auto answer = server.converse(
        "GET /1 HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\nhost: h\r\n\r\nGET /3 HTTP/1.1\r\nhost: h\r\nconnection: "
        "close\r\n\r\n");

    const auto first = answer.find("x-target: /1"), second = answer.find("x-target: /2"),
               third = answer.find("x-target: /3");
    EXPECT_TRUE(first < second && second < third && third != std::string::npos) << answer;
}

TEST(HttpServer, RefusesWhatIsTooLargeOrNotHttp) {
    TestServer server(echo, small_limits());

    EXPECT_THAT(server.converse("GARBAGE\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(server.converse("GET / HTTP/1.1\r\nhost: h\r\nx: " + std::string(2000, 'a') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(server.converse("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 200\r\n\r\n" + std::string(200, 'a')),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(server.converse("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nc8\r\n" +
                                std::string(200, 'a') + "\r\n0\r\n\r\n"),
                StartsWith("HTTP/1.1 413 "));
    EXPECT_THAT(server.converse("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(server.converse("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(server.converse(
                    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
                StartsWith("HTTP/1.1 400 "));
}

// Beast by itself would hold all three without a limit.
TEST(HttpServer, FramingIsHeldToTheHeadersLimit) {
    TestServer server(echo, small_limits());
    const std::string chunked = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";

    EXPECT_THAT(server.converse(chunked + "1;" + std::string(5000, 'a')), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(server.converse(chunked + "0\r\nx: " + std::string(5000, 'a')), StartsWith("HTTP/1.1 400 "));
    std::string trickle = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 1000; ++i) trickle += "a:\r\n";
    EXPECT_THAT(server.converse(trickle), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServer, ATrailerIsNoHeader) {
    const auto show_key = [](Exchange& exchange) -> exec::Task<void> {
        Response response;
        response.body = exchange.request().headers.find("authorization").value_or("none");
        auto sent = co_await exchange.send(std::move(response));
        static_cast<void>(sent);
    };
    TestServer server(show_key);

    EXPECT_THAT(server.converse("POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: "
                                "chunked\r\n\r\n0\r\nauthorization: Bearer k\r\n\r\n"),
                EndsWith("\r\n\r\nnone"));
}

TEST(HttpServer, SaysContinueBeforeABodyThatAsksForIt) {
    TestServer server(echo);

    // The body comes along anyway; the interim answer must come first.
    EXPECT_THAT(
        server.converse(
            "POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 70000\r\nconnection: close\r\n\r\n" +
            std::string(70000, 'a')),
        testing::AllOf(StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), EndsWith("aaa")));
}

TEST(HttpServer, AHandlerThatThrowsIsAnInternalError) {
    const auto handler = [](Exchange&) -> exec::Task<void> {
        throw std::runtime_error("boom");
        co_return;
    };
    TestServer server(handler);

    EXPECT_THAT(server.converse("GET / HTTP/1.1\r\nhost: h\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST(HttpServer, StreamsInChunksAndACutStreamHasNoEnd) {
    TestServer whole(stream_three), cut(cut_after_one);
    const std::string request = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";

    EXPECT_THAT(whole.converse(request), EndsWith("3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"));
    EXPECT_THAT(cut.converse(request), EndsWith("\r\n\r\n3\r\none\r\n"));
    EXPECT_THAT(whole.converse("GET / HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\nonetwothree"));
}

TEST(HttpServer, CutsASlowHeader) {
    config::ServerSettings limits;
    limits.header_timeout = std::chrono::milliseconds(60);
    TestServer server(echo, limits);

    EXPECT_EQ(server.converse("GET / HTTP/1.1\r\nhost"), "");
    EXPECT_EQ(server.server.stats().slow_clients.load(), 1u);
}

// Holds its answer back until it is cancelled, then says why on a promise.
struct Held {
    std::promise<EndReason> ended;
    exec::Task<void> wait(Exchange& exchange) {
        Timer timer(exchange.thread().executor(), SteadyClock::time_point::max());
        // Who waits asks first: a cancellation that came before ends no later wait.
        if (co_await exec::is_cancelled()) timer.expires_at(SteadyClock::time_point::min());
        auto waited = co_await timer.async_wait(boost::asio::as_tuple(exec::await));
        static_cast<void>(waited);
        EXPECT_TRUE(co_await exec::is_cancelled());
        ended.set_value(exchange.end());
    }
};

TEST(HttpServer, AClientThatLeavesCancelsItsCall) {
    Held held;
    TestServer server([&held](Exchange& exchange) { return held.wait(exchange); });
    {
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), server.port});
        boost::asio::write(socket, boost::asio::buffer(std::string("GET / HTTP/1.1\r\nhost: h\r\n\r\n")));
    }

    EXPECT_EQ(held.ended.get_future().get(), EndReason::client_left);
}

TEST(HttpServer, AClientThatLeavesBehindAPipelinedRequestIsNoticedToo) {
    Held held;
    TestServer server([&held](Exchange& exchange) { return held.wait(exchange); });
    {
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), server.port});
        boost::asio::write(socket,
                           boost::asio::buffer(std::string("GET / HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\nho")));
    }

    EXPECT_EQ(held.ended.get_future().get(), EndReason::client_left);
}

// Writes until that fails, then waits: nothing but the failed write says that the client is gone.
exec::Task<void> write_and_wait(Exchange& exchange, Held& held) {
    const std::string piece(65'536, 'x');
    auto written = co_await exchange.begin_stream({});
    while (written) written = co_await exchange.write(piece);
    co_await held.wait(exchange);
}

TEST(HttpServer, AWriteThatFailsCancelsWhatItsHandlerWaitsForNext) {
    Held held;
    TestServer server([&held](Exchange& exchange) { return write_and_wait(exchange, held); });
    {
        boost::asio::io_context context;
        boost::asio::ip::tcp::socket socket(context);
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), server.port});
        boost::asio::write(socket, boost::asio::buffer(std::string("GET / HTTP/1.1\r\nhost: h\r\n\r\n")));
        std::string some(100'000, ' ');
        boost::asio::read(socket, boost::asio::buffer(some));
    }

    EXPECT_EQ(held.ended.get_future().get(), EndReason::client_left);
}

TEST(HttpServer, TheRequestsDeadlineCancelsItsCall) {
    Held held;
    config::ServerSettings limits;
    limits.request_timeout = std::chrono::milliseconds(60);
    TestServer server([&held](Exchange& exchange) { return held.wait(exchange); }, limits);

    // What the handler left unanswered is a 500.
    EXPECT_THAT(server.converse("GET / HTTP/1.1\r\nhost: h\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
    EXPECT_EQ(held.ended.get_future().get(), EndReason::deadline);
}

TEST(HttpServer, RefusesASecondServerOnItsPort) {
    TestServer first(echo);
    exec::IoThreads threads(1);
    auto options = TestServer::options_with({});
    options.listen.port = first.port;
    HttpServer second(threads, std::move(options), echo);

    const auto started = second.start_blocking();

    ASSERT_FALSE(started.has_value());
    EXPECT_THAT(started.error().message, HasSubstr("Address already in use"));
}

TEST(HttpClient, ReusesItsConnection) {
    TestServer server(echo);
    auto client = server.client();

    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(*run_on(server.threads[0], get_body(*client, server.threads[0], post("hello"))), "hello");

    EXPECT_EQ(client->connections_opened(), 1u);
    EXPECT_EQ(server.server.stats().connections_accepted.load(), 1u);
    client->retire();
}

TEST(HttpClient, SendsAgainOnANewConnectionWhenThePooledOneWasClosed) {
    config::ServerSettings limits;
    limits.idle_timeout = std::chrono::milliseconds(400);
    TestServer server(echo, limits);
    auto client = server.client();

    EXPECT_EQ(*run_on(server.threads[0], get_body(*client, server.threads[0], post("a"))), "a");
    while (server.server.stats().connections_open.load() > 0) std::this_thread::yield();
    EXPECT_EQ(*run_on(server.threads[0], get_body(*client, server.threads[0], post("b"))), "b");

    EXPECT_EQ(client->connections_opened(), 2u);
    client->retire();
}

TEST(HttpClient, ReadsAStreamAndNoticesACutOne) {
    TestServer whole(stream_three), cut(cut_after_one);
    auto whole_client = whole.client();
    auto cut_client = cut.client();

    EXPECT_EQ(*run_on(whole.threads[0], get_body(*whole_client, whole.threads[0], post(""))), "onetwothree");
    const auto broken = run_on(cut.threads[0], get_body(*cut_client, cut.threads[0], post("")));

    EXPECT_EQ(broken.error().code, Code::bad_upstream);
    whole_client->retire();
    cut_client->retire();
}

TEST(HttpClient, AFirstByteThatDoesNotComeIsATimeout) {
    Held held;
    TestServer server([&held](Exchange& exchange) { return held.wait(exchange); });
    HttpClient::Options options;
    options.first_byte_timeout = std::chrono::milliseconds(60);
    auto client = server.client(std::move(options));

    const auto late = run_on(server.threads[0], get_body(*client, server.threads[0], post("")));

    EXPECT_EQ(late.error().code, Code::deadline_exceeded);
    EXPECT_EQ(held.ended.get_future().get(), EndReason::client_left);
    client->retire();
}

TEST(HttpClient, AnInterimAnswerMayComeInOnePieceWithTheRealOne) {
    exec::IoThreads threads(1);
    threads.start();
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    HttpClient::Options options;
    options.url = Url{false, "127.0.0.1", acceptor.local_endpoint().port(), ""};
    auto client = *HttpClient::create(threads, std::move(options));
    std::thread upstream([&] {
        auto socket = acceptor.accept();
        std::string request;
        boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n");
        boost::asio::write(socket, boost::asio::buffer(std::string("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                                                                   "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")));
    });

    EXPECT_EQ(*run_on(threads[0], get_body(*client, threads[0], post(""))), "ok");

    upstream.join();
    client->retire();
    threads.stop_blocking();
}

TEST(HttpClient, NobodyListeningIsUnavailable) {
    exec::IoThreads threads(1);
    threads.start();
    HttpClient::Options options;
    options.url = Url{false, "127.0.0.1", 1, ""};
    auto client = *HttpClient::create(threads, std::move(options));

    const auto refused = run_on(threads[0], get_body(*client, threads[0], post("")));

    EXPECT_EQ(refused.error().code, Code::unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("127.0.0.1:1"));
    client->retire();
    threads.stop_blocking();
}

TEST(HttpClient, RefusesMoreThanItsConnections) {
    TestServer server(echo);
    HttpClient::Options options;
    options.connections_max = 0;
    auto client = server.client(std::move(options));

    EXPECT_EQ(run_on(server.threads[0], get_body(*client, server.threads[0], post(""))).error().code,
              Code::resource_exhausted);
    client->retire();
}

}  // namespace
}  // namespace forebay::net
