// The worker's two generating endpoints: parse, submit to the engine, answer whole or as a stream.
#pragma once
#include "engine/engine.h"
#include "net/exchange.h"
#include "openai/request.h"

namespace forebay::runtime {

// Answers one POST. Every error becomes an OpenAI error object, in the stream once that has begun.
exec::Task<void> answer_generation(engine::Engine& engine, const std::string& model_name, openai::Endpoint endpoint,
                                   net::Exchange& exchange);

// Gives the answer the request's own x-request-id, or a new one.
void add_request_id(const net::Request& request, net::Headers& headers);

}  // namespace forebay::runtime
