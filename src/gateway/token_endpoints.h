// Counting and tokenizing without a call: /tokenize and /detokenize (vLLM's shapes), /v1/messages/count_tokens
// (Anthropic's), /v1/responses/input_tokens (OpenAI's). A model is what it is for calls, its first target's tokenizer
// counts.
//
// Threads  answer_token_request() on the connection's I/O thread; the work is done on the token pool.
// Errors   not_found: no such model, with "model" in `param`. too_large: above tokenizers.text_bytes_max.
//          invalid_argument: the request, or ids that the vocabulary does not have, or tokens of a model whose
//          tokenizer is not public. resource_exhausted: the pool's queue is full.
#pragma once
#include <optional>
#include <string_view>

#include "exec/pool.h"
#include "net/http.h"
#include "serving/routes.h"

namespace forebay::gateway {

enum class TokenEndpoint { tokenize, detokenize, count_anthropic, count_responses };

std::optional<TokenEndpoint> token_endpoint_of(std::string_view path);
// As metrics name it.
std::string_view name_of(TokenEndpoint endpoint);

// The answer to a request, whose body the caller keeps until then.
exec::Task<Result<net::Response>> answer_token_request(exec::Pool& pool, serving::RoutesPtr routes,
                                                       TokenEndpoint endpoint, const std::string& body);

// What answer_token_request does, without the pool.
Result<net::Response> token_response(const serving::Routes& routes, TokenEndpoint endpoint, const std::string& body);

// An error as this endpoint's clients expect it.
net::Response token_error_response(TokenEndpoint endpoint, const Error& error, std::string_view request_id);

}  // namespace forebay::gateway
