// Who calls: the key of a request.
#pragma once
#include "keys/key_ring.h"
#include "net/exchange.h"

namespace forebay::serving {

// The key that "authorization: Bearer …" or "x-api-key: …" presents. unauthenticated: none, or not a live
// one. unavailable: the keys have changed and cannot be read now; an old copy is not trusted.
exec::Task<Result<keys::KeyPtr>> authenticate(keys::KeyRing& ring, net::Exchange& exchange);

// Whether the request came from this machine.
bool is_from_loopback(const net::Request& request);

}  // namespace forebay::serving
