// One submitted call, from the queue to its end. The scheduler's thread owns it.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/engine.h"
#include "engine/output_text.h"
#include "engine/sampling.h"
#include "engine/vocabulary.h"

namespace forebay::engine {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Call {
    Call(const GenerateRequest& request, Tokens prompt, std::shared_ptr<Listener> its_listener)
        : listener(std::move(its_listener)),
          prompt_tokens(static_cast<std::uint32_t>(prompt.size())),
          top_logprobs(request.top_logprobs),
          logprobs(request.logprobs),
          deadline(request.deadline),
          echo(request.echo ? request.prompt : std::string{}),
          tokens(std::move(prompt)),
          sampler(request.sampling),
          output(request.stop, request.logprobs) {}

    // Constant after submit.
    CallId id = 0;  // grows with submission: the larger, the younger
    std::shared_ptr<Listener> listener;
    std::uint32_t prompt_tokens;
    std::uint32_t tokens_max = 0;  // to generate
    std::uint32_t top_logprobs;
    bool logprobs;
    SteadyTime deadline;
    std::string echo;
    SteadyTime submitted = std::chrono::steady_clock::now();

    // What has been generated so far. A preempted call keeps all of it and only computes its cells again.
    Tokens tokens;  // the prompt, then what was generated
    Sampler sampler;
    OutputText output;
    std::uint32_t generated = 0;
    std::uint32_t cached_tokens = 0;
    std::optional<SteadyTime> started;
    SteadyTime first_token;
    SteadyTime last_token;
};

}  // namespace forebay::engine
