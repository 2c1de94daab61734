#include "runtime/fleet.h"

#include <boost/asio/post.hpp>
#include <future>
#include <mutex>

#include "base/log.h"
#include "exec/snapshot.h"
#include "exec/task_group.h"
#include "runtime/supervision.h"

namespace forebay::runtime {
namespace {

using StatusMap = std::map<std::string, StatusPtr, std::less<>>;

bool same_runtime(const config::RuntimeSettings& a, const config::RuntimeSettings& b) {
    return a.model == b.model && a.slots == b.slots && a.context_tokens == b.context_tokens && a.threads == b.threads &&
           a.queue_calls == b.queue_calls && a.batch_tokens == b.batch_tokens && a.gpu_layers == b.gpu_layers &&
           a.url == b.url && a.api_key.reveal() == b.api_key.reveal();
}

}  // namespace

std::string_view name_of(State state) {
    switch (state) {
        case State::loading: return "loading";
        case State::ready: return "ready";
        case State::restarting: return "restarting";
        case State::failed: return "failed";
        case State::stopping: return "stopping";
    }
    return "failed";
}

// Everything but `statuses` belongs to the first I/O thread.
struct Fleet::Impl {
    struct Member {
        std::shared_ptr<Supervision> supervision;
        exec::TaskGroup::Member task;
        std::shared_ptr<bool> running;
    };

    Impl(exec::IoThreads& all_threads, std::string file)
        : threads(all_threads), executable(std::move(file)), group(all_threads[0].executor()) {}

    void publish(StatusPtr status) {
        const std::lock_guard lock(statuses_mutex);
        auto next = std::make_shared<StatusMap>(*statuses.get());
        (*next)[status->name] = std::move(status);
        statuses.put(std::move(next));
    }
    void forget(const std::string& name) {
        const std::lock_guard lock(statuses_mutex);
        auto next = std::make_shared<StatusMap>(*statuses.get());
        next->erase(name);
        statuses.put(std::move(next));
    }
    void start(const config::RuntimeSettings& settings);
    void apply(const std::map<std::string, config::RuntimeSettings>& runtimes);

    exec::IoThreads& threads;
    const std::string executable;
    std::mutex statuses_mutex;  // held by whoever replaces the map
    exec::Snapshot<StatusMap> statuses{std::make_shared<StatusMap>()};
    std::map<std::string, Member> members;
    bool stopping = false;
    exec::TaskGroup group;
};

namespace {

exec::Task<void> run_supervision(std::shared_ptr<Supervision> supervision, std::shared_ptr<bool> running) {
    co_await supervision->run();
    *running = false;
}

exec::Task<void> stop_group(exec::TaskGroup& group, std::shared_ptr<std::promise<void>> stopped) {
    co_await group.stop();
    stopped->set_value();
}

}  // namespace

void Fleet::Impl::start(const config::RuntimeSettings& settings) {
    auto current = std::make_shared<std::weak_ptr<Supervision>>();
    // A supervision that has been replaced still ends its worker; it must not speak for its successor.
    auto publish_own = [this, current, first = true](StatusPtr status) mutable {
        const auto own = current->lock();
        const auto member = members.find(status->name);
        if (first || (own && member != members.end() && member->second.supervision == own)) publish(std::move(status));
        first = false;
    };
    auto supervision = std::make_shared<Supervision>(threads, executable, settings, std::move(publish_own));
    *current = supervision;
    auto running = std::make_shared<bool>(true);
    const auto task = group.reserve();
    members[settings.name] = Member{supervision, task, running};
    group.start(task, run_supervision(supervision, running));
}

void Fleet::Impl::apply(const std::map<std::string, config::RuntimeSettings>& runtimes) {
    if (stopping) return;
    for (auto it = members.begin(); it != members.end();) {
        auto& [name, member] = *it;
        const auto wanted = runtimes.find(name);
        const bool keep =
            wanted != runtimes.end() && *member.running && same_runtime(wanted->second, member.supervision->settings());
        if (keep) {
            ++it;
            continue;
        }
        if (*member.running) group.cancel(member.task);
        if (wanted == runtimes.end()) forget(name);
        it = members.erase(it);
    }
    for (const auto& [name, settings] : runtimes) {
        if (!members.contains(name)) start(settings);
    }
}

Fleet::Fleet(exec::IoThreads& threads, std::string executable)
    : impl_(std::make_unique<Impl>(threads, std::move(executable))) {}

Fleet::~Fleet() = default;

void Fleet::apply(const std::map<std::string, config::RuntimeSettings>& runtimes) {
    // Known at once, so that a call that comes before the first start says "loading", not "unknown".
    std::unique_lock lock(impl_->statuses_mutex);
    auto next = std::make_shared<StatusMap>(*impl_->statuses.get());
    for (const auto& [name, settings] : runtimes) {
        if (next->contains(name)) continue;
        auto status = std::make_shared<RuntimeStatus>();
        status->name = name;
        (*next)[name] = std::move(status);
    }
    impl_->statuses.put(std::move(next));
    lock.unlock();
    boost::asio::post(impl_->threads[0].context(), [impl = impl_.get(), runtimes] { impl->apply(runtimes); });
}

StatusPtr Fleet::find(std::string_view name) const {
    const auto statuses = impl_->statuses.get();
    const auto found = statuses->find(name);
    return found == statuses->end() ? nullptr : found->second;
}

std::vector<StatusPtr> Fleet::all() const {
    std::vector<StatusPtr> out;
    for (const auto& [name, status] : *impl_->statuses.get()) out.push_back(status);
    return out;
}

void Fleet::stop_blocking(std::chrono::milliseconds patience) {
    auto stopped = std::make_shared<std::promise<void>>();
    boost::asio::post(impl_->threads[0].context(), [this, stopped] {
        impl_->stopping = true;
        auto on_end = [](std::exception_ptr) {};
        boost::asio::co_spawn(impl_->threads[0].context(), stop_group(impl_->group, stopped), on_end);
    });
    if (stopped->get_future().wait_for(patience) != std::future_status::ready) {
        log::error("some workers did not stop within {} ms", patience.count());
    }
}

}  // namespace forebay::runtime
