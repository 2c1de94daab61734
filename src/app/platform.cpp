#include "app/platform.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <cstring>
#include <future>

#include "app/process_metrics.h"
#include "base/log.h"
#include "exec/pool.h"
#include "exec/wait.h"
#include "gateway/gateway.h"
#include "journal/journal.h"
#include "net/http_server.h"
#include "runtime/child_process.h"
#include "runtime/error_response.h"
#include "serving/call_metrics.h"
#include "storage/data_folder.h"
#include "storage/migrations.h"
#include "token_service/tokenizer_sources.h"

namespace forebay::app {
namespace {

using exec::Task;

// Of a target's whole answer, and of a stream's text.
constexpr std::uint64_t response_bytes_max = 64ull * 1024 * 1024;
constexpr unsigned database_threads = 2;
constexpr std::uint32_t database_queue = 256;
constexpr unsigned token_threads = 2;
constexpr std::uint32_t token_queue = 256;
constexpr std::chrono::seconds fleet_patience{20};
constexpr std::chrono::seconds server_patience{10};

// Keeps a second server out of a data folder for as long as it lives.
class FolderLock {
public:
    static Result<std::unique_ptr<FolderLock>> take_blocking(const storage::DataFolder& folder) {
        const int file = ::open(folder.lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0) return fail(Code::unavailable, "cannot open {}: {}", folder.lock_file(), std::strerror(errno));
        if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
            ::close(file);
            return fail(Code::conflict,
                        "another server is using the data folder {}; stop it or choose another with --data",
                        folder.path);
        }
        return std::make_unique<FolderLock>(file);
    }
    explicit FolderLock(int file) : file_(file) {}
    ~FolderLock() { ::close(file_); }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    const int file_;
};

// What a reload cannot change while the server runs.
std::vector<std::string> needs_restart(const config::Settings& before, const config::Settings& after) {
    std::vector<std::string> out;
    if (before.listen.host != after.listen.host || before.listen.port != after.listen.port) out.push_back("listen");
    const auto tls = [](const config::Settings& one) {
        return one.tls ? one.tls->certificate_file + "\n" + one.tls->private_key_file : std::string();
    };
    if (tls(before) != tls(after)) out.push_back("tls");
    const auto& a = before.server;
    const auto& b = after.server;
    if (a.threads != b.threads || a.header_bytes_max != b.header_bytes_max || a.body_bytes_max != b.body_bytes_max ||
        a.connections_max != b.connections_max || a.header_timeout != b.header_timeout ||
        a.body_timeout != b.body_timeout || a.idle_timeout != b.idle_timeout || a.write_timeout != b.write_timeout ||
        a.request_timeout != b.request_timeout || a.drain_timeout != b.drain_timeout) {
        out.push_back("server");
    }
    const auto& j = before.journal;
    const auto& k = after.journal;
    if (j.sync != k.sync || j.sync_interval != k.sync_interval || j.segment_bytes != k.segment_bytes ||
        j.queue_bytes != k.queue_bytes || j.retain_bytes != k.retain_bytes) {
        out.push_back("journal");
    }
    if (before.log.level != after.log.level || before.log.format != after.log.format) out.push_back("log");
    return out;
}

}  // namespace

// Members in dependency order: what comes later uses what comes before.
struct Platform::Impl {
    Impl(const ServeOptions& given, config::SettingsPtr settings)
        : options(given),
          started_with(settings),
          current(settings),
          threads(settings->server.threads),
          database_pool("database", database_threads, database_queue),
          token_pool("tokens", token_threads, token_queue),
          call_metrics(registry),
          tokenizers(token_service::system_sources(storage::DataFolder{given.data_folder}.tokenizers())),
          routes(std::make_shared<serving::Routes>()),
          fleet(threads, runtime::own_executable()) {}

    Result<void> open_state_blocking();
    Result<void> apply_blocking(const config::Settings& settings);
    Result<void> listen_blocking();
    Task<Result<admin::Reloaded>> reload();
    Task<void> answer(net::Exchange& exchange);
    admin::Platform for_admin();

    const ServeOptions options;
    const config::SettingsPtr started_with;
    exec::Snapshot<config::Settings> current;
    std::mutex reload_mutex;
    metrics::Registry registry;
    exec::IoThreads threads;
    exec::Pool database_pool;
    exec::Pool token_pool;
    std::unique_ptr<FolderLock> lock;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<keys::KeyStore> key_store;
    std::unique_ptr<keys::KeyRing> key_ring;
    std::unique_ptr<journal::Journal> journal;
    serving::CallMetrics call_metrics;
    token_service::TokenizerSet tokenizers;
    serving::RouteTable routes;
    serving::Providers providers;
    runtime::Fleet fleet;
    std::optional<serving::Services> services;
    std::unique_ptr<gateway::Gateway> gateway;
    std::unique_ptr<admin::Admin> admin;
    std::unique_ptr<net::HttpServer> server;
    std::unique_ptr<ProcessMetrics> process_metrics;
    std::uint16_t port = 0;
};

Result<void> Platform::Impl::open_state_blocking() {
    const storage::DataFolder folder{options.data_folder};
    FOREBAY_TRY_VOID(folder.create_blocking());
    FOREBAY_TRY(lock, FolderLock::take_blocking(folder));
    FOREBAY_TRY(database, storage::open_state_blocking(folder.state_database()));
    FOREBAY_TRY(key_store, keys::KeyStore::open_blocking(*database, folder.key_revision()));
    FOREBAY_TRY(key_ring, keys::KeyRing::open_blocking(*key_store, database_pool));
    FOREBAY_TRY(journal, journal::Journal::open_blocking(folder.journal(), started_with->journal));
    return {};
}

// Makes `settings` the ones in force: routes first, so that a runtime's first call finds its model.
Result<void> Platform::Impl::apply_blocking(const config::Settings& settings) {
    FOREBAY_TRY(const auto tokens, tokenizers.open_blocking(settings));
    FOREBAY_TRY(auto built, serving::build_routes(threads, settings, providers, tokens));
    fleet.apply(settings.runtimes);
    routes.put(built.routes);
    for (auto& [name, old] : providers) {
        const auto kept = built.providers.find(name);
        if (kept == built.providers.end() || kept->second != old) old->client->retire();
    }
    providers = std::move(built.providers);
    return {};
}

Result<void> Platform::Impl::listen_blocking() {
    services.emplace(serving::Services{*journal, fleet, routes, call_metrics, response_bytes_max, token_pool});
    gateway = std::make_unique<gateway::Gateway>(*services, *key_ring, registry);
    admin = std::make_unique<admin::Admin>(*key_ring, for_admin());
    net::HttpServer::Options server_options{
        .listen = options.listen.value_or(started_with->listen),
        .limits = started_with->server,
        .tls = started_with->tls,
        .error_body = runtime::refusal_response,
    };
    auto handler = [this](net::Exchange& exchange) { return answer(exchange); };
    server = std::make_unique<net::HttpServer>(threads, std::move(server_options), std::move(handler));
    process_metrics = std::make_unique<ProcessMetrics>(registry, *server, *journal, fleet, threads,
                                                       std::vector<const exec::Pool*>{&database_pool, &token_pool});
    FOREBAY_TRY(port, server->start_blocking());
    return {};
}

Task<void> Platform::Impl::answer(net::Exchange& exchange) {
    if (admin::Admin::owns(exchange.request().path())) {
        co_await admin->answer(exchange);
    } else {
        co_await gateway->answer(exchange);
    }
}

Task<Result<admin::Reloaded>> Platform::Impl::reload() {
    auto work = [this]() -> Result<admin::Reloaded> {
        const std::lock_guard one_at_a_time(reload_mutex);
        admin::Reloaded out;
        auto loaded = config::load_blocking(options.config_file);
        if (!loaded) {
            for (const auto& problem : loaded.error()) out.problems.push_back(config::to_string(problem));
        } else if (auto applied = apply_blocking(**loaded); !applied) {
            out.problems.push_back(applied.error().message);
        } else {
            current.put(*loaded);
            out.restart = needs_restart(*started_with, **loaded);
        }
        out.revision = current.get()->revision;
        for (const auto& problem : out.problems) log::error("configuration not reloaded: {}", problem);
        if (out.problems.empty()) log::info("configuration reloaded: {}", out.revision);
        for (const auto& key : out.restart) log::warning("'{}' differs and takes effect on a restart only", key);
        return out;
    };
    co_return co_await database_pool.run(work);
}

admin::Platform Platform::Impl::for_admin() {
    return {
        .reload = [this] { return reload(); },
        .config_yaml = [this] { return config::to_yaml(*current.get()); },
        .config_revision = [this] { return current.get()->revision; },
    };
}

Platform::Platform(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Platform::~Platform() = default;

std::uint16_t Platform::port() const { return impl_->port; }
const config::Settings& Platform::settings_at_start() const { return *impl_->started_with; }

Result<std::unique_ptr<Platform>> Platform::start_blocking(const ServeOptions& options, config::SettingsPtr settings) {
    auto impl = std::make_unique<Impl>(options, std::move(settings));
    FOREBAY_TRY_VOID(impl->open_state_blocking());
    impl->threads.start();
    Result<void> up = impl->apply_blocking(*impl->started_with);
    if (up) up = impl->listen_blocking();
    std::unique_ptr<Platform> platform(new Platform(std::move(impl)));
    if (!up) {
        platform->stop_blocking();
        return std::unexpected(up.error());
    }
    platform->impl_->gateway->set_started();
    return platform;
}

admin::Reloaded Platform::reload_blocking() {
    std::promise<Result<admin::Reloaded>> promise;
    auto on_end = [&promise](std::exception_ptr bug, Result<admin::Reloaded> reloaded) {
        if (bug) reloaded = fail(Code::internal, "the reload ended with an exception");
        promise.set_value(std::move(reloaded));
    };
    boost::asio::co_spawn(impl_->threads[0].context(), impl_->reload(), std::move(on_end));
    auto reloaded = promise.get_future().get();
    if (reloaded) return std::move(*reloaded);
    return {impl_->current.get()->revision, {reloaded.error().message}, {}};
}

void Platform::stop_blocking() {
    auto& impl = *impl_;
    if (impl.gateway) {
        impl.gateway->drain();
        impl.server->drain();
        const auto limit = impl.started_with->server.drain_timeout;
        const bool drained =
            exec::wait_until_blocking([&] { return impl.call_metrics.under_way() == 0; }, Deadline::in(limit));
        if (!drained)
            log::warning("{} calls still run after {} ms and are ended", impl.call_metrics.under_way(), limit.count());
        impl.server->stop_blocking(server_patience);
    }
    impl.fleet.stop_blocking(fleet_patience);
    for (auto& [name, provider] : impl.providers) provider->client->retire();
    impl.threads.stop_blocking();
    impl.database_pool.stop_blocking();
    impl.token_pool.stop_blocking();
    if (impl.journal) impl.journal->stop_blocking();
}

}  // namespace forebay::app
