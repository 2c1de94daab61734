// What KeyStore and KeyRing share.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "keys/key_store.h"
#include "keys/revision_file.h"

namespace forebay::keys {

struct KeyStore::Impl {
    Impl(storage::Database& given_database, std::unique_ptr<RevisionFile> given_revision)
        : database(given_database), revision(std::move(given_revision)) {}

    Result<std::vector<Key>> list_live_blocking();

    storage::Database& database;
    const std::unique_ptr<RevisionFile> revision;
};

}  // namespace forebay::keys
