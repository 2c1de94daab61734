#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>

#include "app/commands.h"
#include "config/settings.h"
#include "exec/io_threads.h"
#include "net/http_client.h"
#include "net/sse.h"
#include "openai/answer.h"
#include "openai/error_object.h"

namespace forebay::app {
namespace {

namespace json = boost::json;

struct Options {
    std::string server = "http://127.0.0.1:8080";
    std::string key;
    std::string model;
    std::string system;
    std::string message;  // empty: a conversation on the terminal
    double temperature = 1.0;
    std::int64_t tokens_max = 0;
};

// One conversation with a server; what was said so far goes along with each turn.
class Conversation {
public:
    Conversation(const Options& options, exec::IoThreads& threads, net::HttpClient& client)
        : options_(options), threads_(threads), client_(client) {
        if (!options.system.empty()) messages_.push_back({{"role", "system"}, {"content", options.system}});
    }

    // Says `text` and prints the answer as it comes. Blocks.
    Result<void> say_blocking(const std::string& text) {
        messages_.push_back({{"role", "user"}, {"content", text}});
        std::promise<Result<void>> promise;
        auto on_end = [&promise](std::exception_ptr bug, Result<void> done) {
            promise.set_value(bug ? Result<void>(fail(Code::internal, "the call ended with an exception"))
                                  : std::move(done));
        };
        boost::asio::co_spawn(threads_[0].context(), turn(), std::move(on_end));
        return promise.get_future().get();
    }

private:
    std::string body() const {
        json::object object{{"model", options_.model},
                            {"messages", messages_},
                            {"stream", true},
                            {"temperature", options_.temperature}};
        if (options_.tokens_max > 0) object["max_tokens"] = options_.tokens_max;
        return json::serialize(object);
    }

    exec::Task<Result<void>> turn() {
        net::ClientRequest request;
        request.path = "/v1/chat/completions";
        request.headers.add("content-type", "application/json");
        if (!options_.key.empty()) request.headers.add("authorization", "Bearer " + options_.key);
        request.body = std::make_shared<const std::string>(body());
        FOREBAY_CO_TRY(auto answer, co_await client_.send(threads_[0], std::move(request)));
        if (answer->status() != 200) {
            FOREBAY_CO_TRY(const auto refused, co_await answer->read_all(1024 * 1024));
            const auto error = openai::read_error(refused);
            co_return fail(Code::unavailable, "the server answered {}: {}", answer->status(),
                           error ? error->message : refused);
        }
        co_return co_await print_stream(*answer);
    }

    exec::Task<Result<void>> print_stream(net::ClientResponse& answer) {
        net::SseParser parser(16 * 1024 * 1024);
        net::SseParser::Event event;
        std::string said;
        for (;;) {
            FOREBAY_CO_TRY(const auto piece, co_await answer.read());
            if (piece.empty()) co_return fail(Code::bad_upstream, "the answer was cut");
            FOREBAY_CO_TRY_VOID(parser.feed(piece));
            while (parser.next(event)) {
                if (event.data.starts_with("[DONE]")) {
                    std::printf("\n");
                    messages_.push_back({{"role", "assistant"}, {"content", said}});
                    co_return Result<void>{};
                }
                FOREBAY_CO_TRY(const std::string text, text_of(event.data));
                std::fwrite(text.data(), 1, text.size(), stdout);
                std::fflush(stdout);
                said += text;
            }
        }
    }

    static Result<std::string> text_of(const std::string& chunk) {
        boost::system::error_code error;
        const auto value = json::parse(chunk, error);
        if (error || !value.is_object()) return fail(Code::bad_upstream, "the server sent something that is not JSON");
        if (const auto failed = openai::read_error(chunk)) return fail(Code::bad_upstream, "{}", failed->message);
        const auto* content = value.find_pointer("/choices/0/delta/content", error);
        return content && content->is_string() ? std::string(content->get_string()) : std::string();
    }

    const Options& options_;
    exec::IoThreads& threads_;
    net::HttpClient& client_;
    json::array messages_;
};

Result<void> converse_blocking(Conversation& conversation, const Options& options) {
    if (!options.message.empty()) return conversation.say_blocking(options.message);
    const bool terminal = isatty(STDIN_FILENO) != 0;
    std::string line;
    for (;;) {
        if (terminal) std::printf("> "), std::fflush(stdout);
        if (!std::getline(std::cin, line)) return {};
        if (line.empty()) continue;
        FOREBAY_TRY_VOID(conversation.say_blocking(line));
    }
}

int chat(const Options& options) {
    auto url = net::parse_url(options.server);
    if (!url) {
        std::fprintf(stderr, "--server: %s\n", url.error().message.c_str());
        return exit_usage;
    }
    exec::IoThreads threads(1);
    net::HttpClient::Options client_options;
    client_options.url = std::move(*url);
    auto client = net::HttpClient::create(threads, std::move(client_options));
    if (!client) {
        std::fprintf(stderr, "error: %s\n", client.error().message.c_str());
        return exit_failed;
    }
    threads.start();
    Conversation conversation(options, threads, **client);
    const auto done = converse_blocking(conversation, options);
    (*client)->retire();
    threads.stop_blocking();
    if (done) return exit_done;
    std::fprintf(stderr, "error: %s\n", done.error().message.c_str());
    return exit_failed;
}

}  // namespace

void add_chat_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("chat", "Talks with a model of a server, streaming to the terminal");
    command->footer(
        "Example:\n  forebay chat --model tiny --key \"$FOREBAY_KEY\" \"Where does the water go?\"\n\n"
        "Without a message it reads lines from standard input until it ends, keeping the conversation.");
    command->add_option("message", options->message, "What to say");
    command->add_option("--model", options->model, "The model")->required();
    command->add_option("--server", options->server, "The server's base URL")
        ->envname("FOREBAY_SERVER")
        ->capture_default_str();
    command->add_option("--key", options->key, "Your key")->envname("FOREBAY_KEY");
    command->add_option("--system", options->system, "A system message");
    command->add_option("--temperature", options->temperature, "0 is the most likely answer")->capture_default_str();
    command->add_option("--max-tokens", options->tokens_max, "Longest answer; 0: no limit of its own");
    command->callback([options, &exit_code] { exit_code = chat(*options); });
}

}  // namespace forebay::app
