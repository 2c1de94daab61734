// Keys: the credentials that callers present. Random, shown once, stored as a hash.
//
// A key is "fb-" ID "-" SECRET: ID (12 base-62 characters) is public and finds the record; SECRET
// (43 characters, 256 bits) is compared as SHA-256 in constant time.
//
// Floor    3.
// Threads  KeyStore blocks and belongs to the database pool or to a command. KeyRing is read from any
//          I/O thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "storage/database.h"

namespace forebay::keys {

enum class Role {
    developer,  // may call models
    admin,      // may also use the control plane
};
std::string_view name_of(Role role);
std::optional<Role> role_from(std::string_view name);

struct Key {
    std::string id;    // public part
    std::string name;  // what its owner called it; unique among keys that are not revoked
    Role role = Role::developer;
    std::int64_t created_micros = 0;
    std::optional<std::int64_t> revoked_micros;
    std::string secret_hash;  // 64 hexadecimal digits of SHA-256
};

struct NewKey {
    Key key;
    std::string text;  // the whole key; the only time it exists outside its owner's hands
};

// Keys in the state database. Each change bumps the revision file beside it, which every KeyRing on
// this machine looks at before it answers; so a revocation holds from the next request on.
class KeyStore {
public:
    // `revision_file`: created if missing; mapped, 8 bytes.
    static Result<std::unique_ptr<KeyStore>> open_blocking(storage::Database& database,
                                                           const std::string& revision_file);
    ~KeyStore();

    // conflict: a live key has this name. invalid_argument: the name is empty, over 64 characters or has
    // control characters.
    Result<NewKey> create_blocking(std::string_view name, Role role);
    // Newest first, revoked ones too.
    Result<std::vector<Key>> list_blocking();
    // By id, or by the name of a live key. not_found; conflict when it is revoked already.
    Result<Key> revoke_blocking(std::string_view id_or_name);

private:
    friend class KeyRing;
    struct Impl;
    explicit KeyStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace forebay::keys
