#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/reader.h"
#include "config/suggest.h"

namespace forebay::config {
namespace {

template <class S>
std::vector<std::string> names_of(const std::map<std::string, S>& named) {
    std::vector<std::string> names;
    for (const auto& [name, settings] : named) names.push_back(name);
    return names;
}

class Checker {
public:
    Checker(const ReadContext& context, const Settings& settings) : context_(context), settings_(settings) {}

    void check_models() {
        for (const auto& [name, model] : settings_.models) {
            const auto path = fmt::format("models.{}", name);
            for (std::size_t i = 0; i < model.targets.size(); ++i) {
                check_target(fmt::format("{}.targets[{}]", path, i), model.targets[i]);
            }
        }
    }

    void check_runtimes() {
        for (const auto& [name, runtime] : settings_.runtimes) {
            const auto path = fmt::format("runtimes.{}", name);
            if (!find(path)) continue;
            const bool has_model = find(path + ".model") != nullptr;
            const bool has_url = find(path + ".url") != nullptr;
            if (has_model == has_url) {
                add(path, has_model ? "has both 'model' and 'url': keep 'model' to run it here, 'url' to use a worker "
                                      "elsewhere"
                                    : "needs 'model' (a GGUF file to run here) or 'url' (a worker elsewhere)");
            }
            if (has_model && !has_url && find(path + ".api_key")) {
                add(path + ".api_key", "is only for a worker elsewhere: it needs 'url' instead of 'model'");
            }
            if (runtime.context_tokens < runtime.slots) {
                add(path, fmt::format("has fewer context_tokens ({}) than slots ({})", runtime.context_tokens,
                                      runtime.slots));
            }
        }
    }

private:
    const Place* find(const std::string& path) const {
        const auto found = context_.places.find(path);
        return found == context_.places.end() ? nullptr : &found->second;
    }
    void add(const std::string& path, std::string_view message) const {
        const Place* place = find(path);
        context_.problems.add(place ? place->at : Position{}, fmt::format("{} {}", path, message));
    }

    void check_target(const std::string& path, const Target& target) const {
        if (!find(path)) return;
        const bool has_provider = find(path + ".provider") != nullptr;
        const bool has_runtime = find(path + ".runtime") != nullptr;
        if (has_provider == has_runtime) {
            add(path, has_provider ? "must name either a provider or a runtime, not both"
                                   : "must name a provider or a runtime");
            return;
        }
        if (has_provider)
            check_name(path + ".provider", "provider", target.provider, settings_.providers, "runtime",
                       settings_.runtimes);
        if (has_runtime)
            check_name(path + ".runtime", "runtime", target.runtime, settings_.runtimes, "provider",
                       settings_.providers);
    }

    template <class Wanted, class Other>
    void check_name(const std::string& path, std::string_view kind, const std::string& name,
                    const std::map<std::string, Wanted>& wanted, std::string_view other_kind,
                    const std::map<std::string, Other>& others) const {
        if (name.empty() || wanted.contains(name)) return;  // an empty one has been reported
        if (find(path)->referenced || context_.problems.full()) {
            return add(path, fmt::format("names no {} of this file", kind));
        }
        if (others.contains(name)) {
            return add(path, fmt::format("names no {}: {} is a {}, so write '{}: {}'", kind, shown(name), other_kind,
                                         other_kind, name));
        }
        const auto names = names_of(wanted);
        auto hint = did_you_mean(name, names);
        if (hint.empty() && names.empty()) hint = " (there are none)";
        if (hint.empty()) hint = fmt::format(" (there are: {})", fmt::join(names, ", "));
        add(path, fmt::format("names {}, but there is no such {}{}", shown(name), kind, hint));
    }

    const ReadContext& context_;
    const Settings& settings_;
};

}  // namespace

void cross_check(const ReadContext& context, const Settings& settings) {
    Checker checker(context, settings);
    checker.check_models();
    checker.check_runtimes();
}

}  // namespace forebay::config
