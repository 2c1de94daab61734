#include "runtime/generation.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "exec/cancel.h"

namespace forebay::runtime {

namespace asio = boost::asio;

// Lives on the I/O thread; the engine's thread only posts to it.
struct Generation::Shared {
    using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, exec::Executor>;

    explicit Shared(exec::Executor executor) : home(executor), arrived(executor, SteadyClock::time_point::max()) {}

    void push(GenerationEvent event) {
        finished = finished || std::holds_alternative<Result<engine::Finish>>(event);
        events.push_back(std::move(event));
        arrived.cancel();
    }

    exec::Executor home;
    std::deque<GenerationEvent> events;
    Timer arrived;  // never expires; cancelling it wakes the reader
    bool finished = false;
};

class Generation::EngineListener final : public engine::Listener {
public:
    explicit EngineListener(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    void on_started(std::uint32_t prompt_tokens, std::uint32_t cached_tokens) override {
        post(Started{prompt_tokens, cached_tokens});
    }
    void on_token(engine::TokenEvent event) override { post(std::move(event)); }
    void on_done(Result<engine::Finish> finish) override { post(std::move(finish)); }

private:
    void post(GenerationEvent event) {
        asio::post(shared_->home,
                   [shared = shared_, event = std::move(event)]() mutable { shared->push(std::move(event)); });
    }
    const std::shared_ptr<Shared> shared_;
};

Result<std::unique_ptr<Generation>> Generation::submit(engine::Engine& engine, exec::IoThread& thread,
                                                       engine::GenerateRequest request) {
    auto shared = std::make_shared<Shared>(thread.executor());
    auto listener = std::make_shared<EngineListener>(shared);
    FOREBAY_TRY(const auto call, engine.submit(std::move(request), std::move(listener)));
    return std::unique_ptr<Generation>(new Generation(engine, std::move(shared), call));
}

Generation::Generation(engine::Engine& engine, std::shared_ptr<Shared> shared, engine::CallId call)
    : engine_(engine), shared_(std::move(shared)), call_(call) {}

Generation::~Generation() {
    if (!shared_->finished) engine_.cancel(call_);
}

exec::Task<GenerationEvent> Generation::next() {
    while (shared_->events.empty()) {
        if (co_await exec::is_cancelled()) engine_.cancel(call_);  // its end comes as an event
        auto woken = co_await shared_->arrived.async_wait(asio::as_tuple(exec::await));
        static_cast<void>(woken);
    }
    GenerationEvent event = std::move(shared_->events.front());
    shared_->events.pop_front();
    co_return event;
}

}  // namespace forebay::runtime
