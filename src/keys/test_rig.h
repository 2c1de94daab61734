// For tests: a key store of its own, and coroutines without a server around them.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <string>

#include "keys/key_store.h"
#include "storage/migrations.h"
#include "storage/test_rig.h"

namespace forebay::keys {

// How a coroutine of a test ends: an exception is a failure of the test.
inline constexpr auto on_end = [](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
};

struct StoreRig {
    StoreRig() {
        database = *storage::open_state_blocking(database_path());
        store = *KeyStore::open_blocking(*database, revision_path());
    }
    std::string database_path() const { return folder.file("state.db"); }
    std::string revision_path() const { return folder.file("keys.revision"); }

    storage::TestFolder folder;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<KeyStore> store;
};

}  // namespace forebay::keys
