#include "serving/routes.h"

#include "base/clock.h"

namespace forebay::serving {
namespace {

bool same_provider(const config::ProviderSettings& a, const config::ProviderSettings& b) {
    return a.kind == b.kind && a.base_url == b.base_url && a.api_key.reveal() == b.api_key.reveal() &&
           a.connect_timeout == b.connect_timeout && a.first_byte_timeout == b.first_byte_timeout &&
           a.idle_timeout == b.idle_timeout && a.connections_max == b.connections_max && a.ca_file == b.ca_file;
}

}  // namespace

Result<Built> build_routes(exec::IoThreads& threads, const config::Settings& settings, const Providers& known,
                           const token_service::ModelTokens& tokens) {
    Built built;
    for (const auto& [name, provider] : settings.providers) {
        const auto old = known.find(name);
        if (old != known.end() && same_provider(old->second->settings, provider)) {
            built.providers[name] = old->second;
            continue;
        }
        auto opened = providers::open_provider(threads, provider);
        if (!opened) return fail(opened.error().code, "provider '{}': {}", name, opened.error().message);
        built.providers[name] = std::move(*opened);
    }
    auto routes = std::make_shared<Routes>();
    routes->revision = settings.revision;
    routes->record_content = settings.journal.record_content;
    routes->created_seconds = unix_micros_now() / 1'000'000;
    routes->text_bytes_max = settings.tokenizers.text_bytes_max;
    for (const auto& [name, model] : settings.models) {
        auto& list = routes->models[name];
        const auto known_tokens = tokens.find(name);
        for (const auto& target : model.targets) {
            Route route;
            // A worker of ours is called by its runtime's name; a provider by the name that the caller used.
            route.model = !target.model.empty() ? target.model : target.runtime.empty() ? name : target.runtime;
            if (!target.provider.empty()) {
                route.target = "provider:" + target.provider;
                route.provider = built.providers.at(target.provider);
            } else {
                route.target = "runtime:" + target.runtime;
                route.runtime = target.runtime;
            }
            if (known_tokens != tokens.end()) route.tokens = known_tokens->second.at(list.size());
            list.push_back(std::move(route));
        }
    }
    built.routes = std::move(routes);
    return built;
}

}  // namespace forebay::serving
