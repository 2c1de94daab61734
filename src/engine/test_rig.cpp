#include "engine/test_rig.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/json.h"

namespace forebay::engine {
namespace {

// Only a broken engine takes this long.
constexpr std::chrono::seconds patience{60};

}  // namespace

void Recorder::on_started(std::uint32_t prompt_tokens, std::uint32_t cached_tokens) {
    const std::scoped_lock lock(mutex_);
    ++answer_.starts;
    answer_.events_after_end += answer_.ends;
    answer_.prompt_tokens = prompt_tokens;
    answer_.cached_tokens = cached_tokens;
    changed_.notify_all();
}

void Recorder::on_token(TokenEvent event) {
    std::unique_lock lock(mutex_);
    answer_.events_after_end += answer_.ends;
    answer_.text += event.text;
    answer_.parts.push_back(event.text);
    EXPECT_TRUE(event.logprobs.size() == event.top_logprobs.size());
    for (TokenLogprob& entry : event.logprobs) answer_.logprobs.push_back(std::move(entry));
    for (auto& entries : event.top_logprobs) answer_.top_logprobs.push_back(std::move(entries));
    at_gate_ = gate_closed_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !gate_closed_; });
    at_gate_ = false;
}

void Recorder::on_done(Result<Finish> finish) {
    const std::scoped_lock lock(mutex_);
    ++answer_.ends;
    answer_.end = std::move(finish);
    changed_.notify_all();
}

void Recorder::wait_until_started() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return answer_.starts > 0; }));
}

Answer Recorder::wait_until_done() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return answer_.end.has_value(); })) {
        ADD_FAILURE() << "the call did not end";
        answer_.end = fail(Code::internal, "the call did not end");
    }
    return answer_;
}

bool Recorder::is_done() {
    const std::scoped_lock lock(mutex_);
    return answer_.end.has_value();
}

void Recorder::close_gate() {
    const std::scoped_lock lock(mutex_);
    gate_closed_ = true;
}

void Recorder::open_gate() {
    const std::scoped_lock lock(mutex_);
    gate_closed_ = false;
    changed_.notify_all();
}

void Recorder::wait_until_at_gate() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return at_gate_; }));
}

std::string model_path(const std::string& name) { return std::string(FOREBAY_MODELS_FOLDER) + "/" + name + ".gguf"; }

EngineSettings small_settings() {
    EngineSettings settings;
    settings.slots = 2;
    settings.context_tokens = 512;
    settings.threads = 1;
    return settings;
}

std::unique_ptr<Engine> open_model(const std::string& name, EngineSettings settings) {
    settings.model_file = model_path(name);
    Result<std::unique_ptr<Engine>> engine = Engine::open_blocking(settings, nullptr);
    EXPECT_TRUE(engine.has_value()) << engine.error().message;
    return engine ? *std::move(engine) : nullptr;
}

std::string chat(const std::string& user_text) {
    return R"({"messages":[{"role":"user","content":)" + json::quote(user_text) + "}]}";
}

GenerateRequest greedy_chat(const std::string& user_text, std::int32_t tokens_max) {
    GenerateRequest request;
    request.chat_json = chat(user_text);
    request.sampling.temperature = 0;
    request.tokens_max = tokens_max;
    return request;
}

GenerateRequest greedy_prompt(const std::string& text, std::int32_t tokens_max) {
    GenerateRequest request;
    request.prompt = text;
    request.sampling.temperature = 0;
    request.tokens_max = tokens_max;
    return request;
}

std::shared_ptr<Recorder> start(Engine& engine, GenerateRequest request, CallId* id) {
    auto recorder = std::make_shared<Recorder>();
    const Result<CallId> call = engine.submit(std::move(request), recorder);
    EXPECT_TRUE(call.has_value()) << call.error().message;
    if (call && id) *id = *call;
    if (!call) recorder->on_done(std::unexpected(call.error()));
    return recorder;
}

Answer generate(Engine& engine, GenerateRequest request) {
    return start(engine, std::move(request))->wait_until_done();
}

}  // namespace forebay::engine
