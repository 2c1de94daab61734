#include "keys/key_store.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/utf8.h"
#include "keys/key_store_impl.h"
#include "keys/key_text.h"
#include "keys/statements.h"

namespace forebay::keys {
namespace {

constexpr std::size_t name_length_max = 64;

Result<Key> key_from(sql::KeyRow row) {
    const auto role = role_from(row.role);
    if (!role)
        return fail(Code::internal, "key {} has the role '{}', which this version does not know", row.id, row.role);
    Key key;
    key.id = std::move(row.id);
    key.name = std::move(row.name);
    key.role = *role;
    key.created_micros = row.created_micros;
    key.revoked_micros = row.revoked_micros;
    key.secret_hash = std::move(row.secret_hash);
    return key;
}

Result<std::vector<Key>> keys_from(std::vector<sql::KeyRow> rows) {
    std::vector<Key> keys;
    keys.reserve(rows.size());
    for (sql::KeyRow& row : rows) {
        FOREBAY_TRY(keys.emplace_back(), key_from(std::move(row)));
    }
    return keys;
}

// C0, delete and C1: they would garble a terminal and a log.
bool is_control(std::string_view character) {
    const auto byte = static_cast<unsigned char>(character[0]);
    if (character.size() == 1) return byte < 0x20 || byte == 0x7f;
    return character.size() == 2 && byte == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

Result<void> check_name(std::string_view name) {
    if (name.empty()) return fail_field("name", "a key's name is empty");
    // Whoever does this has mistaken the argument: the name is shown in lists and logs.
    if (parse_key(name)) return fail_field("name", "a key's name cannot itself be a key");
    std::size_t length = 0;
    for (std::string_view rest = name; !rest.empty(); ++length) {
        const std::size_t size = utf8::sequence_size(rest);
        if (size == 0) return fail_field("name", "a key's name is not valid UTF-8");
        if (is_control(rest.substr(0, size))) return fail_field("name", "a key's name has control characters");
        rest.remove_prefix(size);
    }
    if (length > name_length_max)
        return fail_field(
            "name", fmt::format("a key's name has {} characters; at most {} are allowed", length, name_length_max));
    return {};
}

// For messages: a text that could be a key, or most of one, is not repeated.
std::string shown(std::string_view id_or_name) {
    if (id_or_name.starts_with(key_prefix) || !check_name(id_or_name)) return "no key has this id or name";
    return fmt::format("no key has the id or name '{}'", id_or_name);
}

Result<Key> find_for_revocation(storage::Transaction& transaction, std::string_view id_or_name) {
    // Somebody who pastes the whole key means that key.
    const auto parts = parse_key(id_or_name);
    FOREBAY_TRY(auto by_id, transaction.query_blocking(sql::find_by_id, parts ? parts->id : id_or_name));
    if (!by_id.empty()) return key_from(std::move(by_id.front()));
    if (!parts) {
        FOREBAY_TRY(auto by_name, transaction.query_blocking(sql::find_live_by_name, id_or_name));
        if (!by_name.empty()) return key_from(std::move(by_name.front()));
    }
    return fail(Code::not_found, "{}", shown(id_or_name));
}

}  // namespace

std::string_view name_of(Role role) {
    switch (role) {
        case Role::developer: return "developer";
        case Role::admin: return "admin";
    }
    return "unknown";
}

std::optional<Role> role_from(std::string_view name) {
    for (const Role role : {Role::developer, Role::admin})
        if (name == name_of(role)) return role;
    return std::nullopt;
}

KeyStore::KeyStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyStore::~KeyStore() = default;

Result<std::unique_ptr<KeyStore>> KeyStore::open_blocking(storage::Database& database,
                                                          const std::string& revision_file) {
    FOREBAY_TRY(auto revision, RevisionFile::open_blocking(revision_file));
    return std::unique_ptr<KeyStore>(new KeyStore(std::make_unique<Impl>(database, std::move(revision))));
}

Result<NewKey> KeyStore::create_blocking(std::string_view name, Role role) {
    FOREBAY_TRY_VOID(check_name(name));
    const std::string secret = random_token(secret_length);
    NewKey made;
    made.key.id = random_token(id_length);
    made.key.name = name;
    made.key.role = role;
    made.key.secret_hash = to_hex(sha256(secret));
    made.text = make_key(made.key.id, secret);

    // Ends after the transaction.
    std::optional<RevisionFile::Change> change;
    FOREBAY_TRY_VOID(impl_->database.transaction_blocking([&](storage::Transaction& transaction) -> Result<void> {
        FOREBAY_TRY(const auto taken, transaction.query_blocking(sql::find_live_by_name, name));
        if (!taken.empty())
            return fail(Code::conflict, "a key named '{}' exists already; revoke it first or choose another name",
                        name);
        FOREBAY_TRY(auto begun, impl_->revision->begin_change_blocking());
        change.emplace(std::move(begun));
        made.key.created_micros = unix_micros_now();
        FOREBAY_TRY_VOID(transaction.exec_blocking(sql::insert, made.key.id, made.key.name, name_of(role),
                                                   made.key.secret_hash, made.key.created_micros));
        return {};
    }));
    return made;
}

Result<std::vector<Key>> KeyStore::list_blocking() {
    FOREBAY_TRY(auto rows, impl_->database.query_blocking(sql::list));
    return keys_from(std::move(rows));
}

Result<std::vector<Key>> KeyStore::Impl::list_live_blocking() {
    FOREBAY_TRY(auto rows, database.query_blocking(sql::list_live));
    return keys_from(std::move(rows));
}

Result<Key> KeyStore::revoke_blocking(std::string_view id_or_name) {
    std::optional<RevisionFile::Change> change;
    return impl_->database.transaction_blocking([&](storage::Transaction& transaction) -> Result<Key> {
        FOREBAY_TRY(auto key, find_for_revocation(transaction, id_or_name));
        if (key.revoked_micros)
            return fail(Code::conflict, "key {} ({}) was revoked already, on {}", key.id, key.name,
                        format_utc(*key.revoked_micros));
        FOREBAY_TRY(auto begun, impl_->revision->begin_change_blocking());
        change.emplace(std::move(begun));
        key.revoked_micros = unix_micros_now();
        FOREBAY_TRY_VOID(transaction.exec_blocking(sql::revoke, key.id, *key.revoked_micros));
        return key;
    });
}

}  // namespace forebay::keys
