// Errors as answers: a status and an error object before a stream has begun, an error event after.
#pragma once
#include "serving/call.h"

namespace forebay::serving {

// Puts the error into call.pending, call.status and call.error.
void answer_with_error(Call& call, const Error& error);

// What the caller should hear when the stages ended with `error`: a cancelled call is told why.
Error end_error(const Call& call, const Error& error);

// The headers that every answer of a call carries.
void add_call_headers(const Call& call, net::Headers& headers);

}  // namespace forebay::serving
