// What the engine's tests share: the toy models, and a listener that keeps what it hears.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace forebay::engine {

// Everything about one call, once it has ended.
struct Answer {
    std::string text;
    std::vector<std::string> parts;  // the text of each event
    std::vector<TokenLogprob> logprobs;
    std::vector<std::vector<TokenLogprob>> top_logprobs;
    std::uint32_t prompt_tokens = 0;  // as on_started said
    std::uint32_t cached_tokens = 0;
    int starts = 0;
    int ends = 0;
    int events_after_end = 0;
    std::optional<Result<Finish>> end;

    const Finish& finish() const { return end->value(); }
    const Error& error() const { return end->error(); }
};

class Recorder : public Listener {
public:
    void on_started(std::uint32_t prompt_tokens, std::uint32_t cached_tokens) override;
    void on_token(TokenEvent event) override;
    void on_done(Result<Finish> finish) override;

    void wait_until_started();
    Answer wait_until_done();
    bool is_done();

    // While closed, the scheduler thread waits in the next on_token: a test can look at a moment between
    // two tokens. A real listener must not block.
    void close_gate();
    void open_gate();
    void wait_until_at_gate();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Answer answer_;
    bool gate_closed_ = false;
    bool at_gate_ = false;
};

std::string model_path(const std::string& name);  // "tiny", "random"

// One thread and 512 cells unless `settings` say more; fails the test and returns null on an error.
EngineSettings small_settings();
std::unique_ptr<Engine> open_model(const std::string& name, EngineSettings settings = small_settings());

std::string chat(const std::string& user_text);  // as chat_json
GenerateRequest greedy_chat(const std::string& user_text, std::int32_t tokens_max);
GenerateRequest greedy_prompt(const std::string& text, std::int32_t tokens_max);

// Submits and waits; fails the test when submit does.
Answer generate(Engine& engine, GenerateRequest request);
std::shared_ptr<Recorder> start(Engine& engine, GenerateRequest request, CallId* id = nullptr);

}  // namespace forebay::engine
