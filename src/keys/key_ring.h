// Key ring: every live key in memory, so that a check needs no database.
//
// Floor    3. Read by gateway/ and admin/ for each request.
// Threads  is_current() and find() from any thread, without blocking. refresh() from any I/O thread; the
//          database work runs on the pool; concurrent refreshes are harmless.
#pragma once
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "exec/pool.h"
#include "exec/task.h"
#include "keys/key_store.h"

namespace forebay::keys {

using KeyPtr = std::shared_ptr<const Key>;

class KeyRing {
public:
    // Loads all live keys. Blocks. `store` and `pool` outlive the ring.
    static Result<std::unique_ptr<KeyRing>> open_blocking(KeyStore& store, exec::Pool& pool);
    ~KeyRing();

    // Whether the keys in memory are those of the newest revision: one atomic load of the shared
    // revision, made before each check.
    bool is_current() const;
    // Loads the keys again. unavailable or deadline_exceeded: the old keys stay, and the caller must
    // refuse the request, because it may carry a revoked key.
    exec::Task<Result<void>> refresh(Deadline deadline);

    // The key that `presented` is. unauthenticated: malformed, unknown, revoked or wrong; one message
    // for all, so that nothing can be learned from it.
    Result<KeyPtr> find(std::string_view presented) const;

private:
    struct Impl;
    explicit KeyRing(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace forebay::keys
