#include <algorithm>

#include "serving/stages.h"

namespace forebay::serving {
namespace {

using exec::Task;
using token_service::ChatCounter;

Result<Counted> count_now(const Call& call, const ChatCounter& counter) {
    const auto begun = SteadyClock::now();
    FOREBAY_TRY(const auto count, counter.count({call.endpoint, call.parts, *call.body}));
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begun).count();
    return Counted{&counter, count, static_cast<std::uint32_t>(micros)};
}

// The prompt as `counter` counts it, from an earlier count or a new one; what would hold an I/O thread up is the
// pool's. Null: the model's template refuses the messages, and the target will say so better.
Task<Result<const Counted*>> count_with(const Services& services, Call& call, const ChatCounter* counter) {
    const auto known = std::ranges::find(call.counted, counter, &Counted::counter);
    if (known != call.counted.end()) co_return &*known;
    Result<Counted> counted;
    if (call.body->size() <= counter->quick_bytes_max()) {
        counted = count_now(call, *counter);
    } else {
        const auto work = [&call, counter] { return count_now(call, *counter); };
        counted = co_await services.token_pool.run(work);
    }
    if (!counted && counted.error().code == Code::resource_exhausted) co_return std::unexpected(counted.error());
    if (!counted) co_return nullptr;
    call.counted.push_back(*counted);
    co_return &call.counted.back();
}

// Tokens that the answer must have room for, where the target looks at that.
std::uint64_t answer_tokens_of(const Call& call, const Route& route) {
    const auto asked = static_cast<std::uint64_t>(std::max<std::int64_t>(call.request.tokens_max.value_or(1), 0));
    return route.tokens.counts_answer ? asked : std::min<std::uint64_t>(asked, 1);
}

}  // namespace

Task<Result<void>> fits(const Services& services, Call& call, const Route& route) {
    if (!route.tokens.counter) co_return Result<void>{};
    FOREBAY_CO_TRY(const Counted* counted, co_await count_with(services, call, route.tokens.counter.get()));
    if (!counted || route.tokens.context_tokens == 0) co_return Result<void>{};
    co_return token_service::check_fits(counted->count, call.endpoint, answer_tokens_of(call, route),
                                        route.tokens.context_tokens);
}

Task<Result<void>> measure(const Services& services, Call& call) {
    const auto& routes = call.routes->models.find(call.request.model)->second;
    Error refusal;  // of the target with the most room
    std::uint64_t most_tokens = 0;
    std::vector<Attempt> passed_over;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        auto fitting = co_await fits(services, call, routes[i]);
        if (fitting) {
            call.first_target = i;
            call.attempts = std::move(passed_over);
            co_return fitting;
        }
        if (fitting.error().code == Code::resource_exhausted) co_return fitting;
        passed_over.push_back({routes[i].target, 0, "not asked: " + fitting.error().message});
        if (routes[i].tokens.context_tokens > most_tokens) {
            most_tokens = routes[i].tokens.context_tokens;
            call.route = &routes[i];
            refusal = std::move(fitting.error());
        }
    }
    co_return std::unexpected(std::move(refusal));
}

const Counted* find_counted(const Call& call) {
    if (!call.route) return nullptr;
    const auto found = std::ranges::find(call.counted, call.route->tokens.counter.get(), &Counted::counter);
    return found == call.counted.end() ? nullptr : &*found;
}

}  // namespace forebay::serving
