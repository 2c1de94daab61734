#include "keys/key_ring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "exec/snapshot.h"
#include "keys/key_store_impl.h"
#include "keys/key_text.h"

namespace forebay::keys {
namespace {

using Token = const asio::use_awaitable_t<exec::Executor>;
using Handler = asio::async_result<std::decay_t<Token>, void()>::handler_type;

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct Entry {
    KeyPtr key;
    Sha256 hash{};
};

using Entries = std::unordered_map<std::string, Entry, TextHash, std::equal_to<>>;

std::optional<Sha256> hash_from_hex(std::string_view hex) {
    Sha256 hash{};
    if (hex.size() != 2 * hash.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const char* digits = hex.data() + 2 * i;
        const auto [end, error] = std::from_chars(digits, digits + 2, hash[i], 16);
        if (error != std::errc() || end != digits + 2) return std::nullopt;
    }
    return hash;
}

std::string_view bytes_of(const Sha256& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

std::unexpected<Error> not_valid() { return fail(Code::unauthenticated, "the API key is missing or not valid"); }

}  // namespace

// Loads are made one at a time, by the first caller that needs one; the others wait for it. A load counts for
// a caller only if it began after the caller came, because only then it has read all that the caller must see.
struct KeyRing::Impl {
    Impl(KeyStore::Impl& given_store, exec::Pool& given_pool) : store(given_store), pool(given_pool) {}

    Result<void> load_blocking();
    exec::Task<Result<void>> load();
    exec::Task<void> wait_for_load();
    void finish_load(std::uint64_t number, const Result<void>& result);

    KeyStore::Impl& store;
    exec::Pool& pool;
    exec::Snapshot<Entries> entries{std::make_shared<const Entries>()};
    // That of `entries`, or an older one; odd (never current) until the first load.
    std::atomic<std::uint64_t> revision{1};

    struct Waiter {
        Handler handler;
        asio::executor_work_guard<exec::Executor> work;
    };
    std::mutex mutex;
    // Guarded by mutex.
    bool loading = false;
    std::uint64_t begun = 0;      // loads begun
    std::uint64_t succeeded = 0;  // number of the last load that succeeded
    std::uint64_t failed = 0;     // number of the last load that failed, and why
    Error failure;
    std::vector<Waiter> waiters;
};

Result<void> KeyRing::Impl::load_blocking() {
    // The revision first: a change between the two reads makes it an old one, and the keys are loaded again.
    if (!RevisionFile::is_settled(store.revision->current())) store.revision->mend();
    const std::uint64_t seen = store.revision->current();
    FOREBAY_TRY(auto keys, store.list_live_blocking());
    Entries fresh;
    fresh.reserve(keys.size());
    for (Key& key : keys) {
        const auto hash = hash_from_hex(key.secret_hash);
        if (!hash) return fail(Code::internal, "the stored hash of key {} is not a SHA-256", key.id);
        std::string id = key.id;
        fresh.emplace(std::move(id), Entry{std::make_shared<const Key>(std::move(key)), *hash});
    }
    entries.put(std::make_shared<const Entries>(std::move(fresh)));
    revision.store(seen, std::memory_order_release);
    return {};
}

exec::Task<Result<void>> KeyRing::Impl::load() {
    auto work = [this] { return load_blocking(); };
    co_return co_await pool.run(std::move(work));
}

exec::Task<void> KeyRing::Impl::wait_for_load() {
    const auto home = co_await asio::this_coro::executor;
    auto initiate = [this, home](Handler handler) {
        {
            const std::lock_guard lock(mutex);
            if (loading) {
                waiters.push_back({std::move(handler), asio::make_work_guard(home)});
                return;
            }
        }
        asio::post(home, std::move(handler));
    };
    co_await asio::async_initiate<Token, void()>(std::move(initiate), exec::await);
}

void KeyRing::Impl::finish_load(std::uint64_t number, const Result<void>& result) {
    std::vector<Waiter> woken;
    {
        const std::lock_guard lock(mutex);
        loading = false;
        if (result) {
            succeeded = number;
        } else {
            failed = number;
            failure = result.error();
        }
        woken.swap(waiters);
    }
    for (Waiter& waiter : woken) asio::post(waiter.work.get_executor(), std::move(waiter.handler));
}

KeyRing::KeyRing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyRing::~KeyRing() = default;

Result<std::unique_ptr<KeyRing>> KeyRing::open_blocking(KeyStore& store, exec::Pool& pool) {
    auto impl = std::make_unique<Impl>(*store.impl_, pool);
    FOREBAY_TRY_VOID(impl->load_blocking());
    return std::unique_ptr<KeyRing>(new KeyRing(std::move(impl)));
}

bool KeyRing::is_current() const {
    const std::uint64_t newest = impl_->store.revision->current();
    return RevisionFile::is_settled(newest) && newest == impl_->revision.load(std::memory_order_acquire);
}

exec::Task<Result<void>> KeyRing::refresh(Deadline deadline) {
    std::uint64_t needed = 0;
    for (;;) {
        if (deadline.passed()) co_return fail(Code::deadline_exceeded, "the keys could not be loaded in time");
        std::uint64_t mine = 0;
        {
            const std::lock_guard lock(impl_->mutex);
            if (needed == 0) needed = impl_->begun + 1;
            if (impl_->succeeded >= needed) co_return Result<void>();
            if (impl_->failed >= needed) co_return std::unexpected(impl_->failure);
            if (!impl_->loading) {
                impl_->loading = true;
                mine = ++impl_->begun;
            }
        }
        if (mine == 0) {
            co_await impl_->wait_for_load();
            continue;
        }
        // Also for an await that throws because this caller was cancelled: the others must not wait for ever.
        struct Finish {
            Impl& impl;
            std::uint64_t number;
            Result<void> result = fail(Code::unavailable, "loading the keys was given up");
            ~Finish() { impl.finish_load(number, result); }
        } finish{*impl_, mine};
        finish.result = co_await impl_->load();
        co_return finish.result;
    }
}

Result<KeyPtr> KeyRing::find(std::string_view presented) const {
    const auto parts = parse_key(presented);
    if (!parts) return not_valid();
    const auto entries = impl_->entries.get();
    const auto found = entries->find(parts->id);
    // An unknown id costs the same work as a known one.
    static const Entry nobody;
    const Entry& entry = found != entries->end() ? found->second : nobody;
    const Sha256 hash = sha256(parts->secret);
    const bool same = equal_constant_time(bytes_of(hash), bytes_of(entry.hash));
    if (!same || !entry.key) return not_valid();
    return entry.key;
}

}  // namespace forebay::keys
