// Generation: one engine call as a coroutine sees it. The engine's thread posts events; the I/O thread
// takes them one by one.
//
// Threads  created, awaited and destroyed on one I/O thread.
// Cancel   when the caller is cancelled, the engine's call is cancelled too and its slot is free soon.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <variant>

#include "engine/engine.h"
#include "exec/io_threads.h"
#include "exec/task.h"

namespace forebay::runtime {

struct Started {
    std::uint32_t prompt_tokens = 0;
    std::uint32_t cached_tokens = 0;
};
using GenerationEvent = std::variant<Started, engine::TokenEvent, Result<engine::Finish>>;

class Generation {
public:
    // Submits the call. Errors: the engine's.
    static Result<std::unique_ptr<Generation>> submit(engine::Engine& engine, exec::IoThread& thread,
                                                      engine::GenerateRequest request);
    ~Generation();

    // The next event. The last one is the Result; after it do not ask again.
    exec::Task<GenerationEvent> next();

private:
    struct Shared;
    class EngineListener;
    Generation(engine::Engine& engine, std::shared_ptr<Shared> shared, engine::CallId call);

    engine::Engine& engine_;
    std::shared_ptr<Shared> shared_;
    const engine::CallId call_;
};

}  // namespace forebay::runtime
