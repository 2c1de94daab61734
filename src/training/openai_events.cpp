#include "training/openai_events.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/json.h"
#include "openai/json_text.h"

namespace forebay::training {
namespace {

constexpr unsigned page_size = 100;
constexpr unsigned pages_max = 2'000;

// Those of one second stay as they are listed.
std::vector<ApiEvent> in_order_of_time(const std::vector<ApiEvent>& listed) {
    std::vector<std::pair<std::int64_t, std::size_t>> places;
    for (std::size_t i = 0; i < listed.size(); ++i) places.emplace_back(listed[i].created_at, i);
    std::ranges::sort(places);
    std::vector<ApiEvent> out;
    for (const auto& place : places) out.push_back(listed[place.second]);
    return out;
}

}  // namespace

EventFeed::EventFeed(OpenaiApi& api, std::string job, std::string file, unsigned attempts_max)
    : api_(api), job_(std::move(job)), file_(std::move(file)), attempts_max_(attempts_max) {
    std::ifstream lines(file_);
    simdjson::dom::parser parser;
    for (std::string line; std::getline(lines, line);) {
        std::string_view id;
        if (!openai::parse_json(parser, line)["id"].get(id)) known_.emplace(id);
        torn_ = lines.eof();
    }
}

Result<Page<ApiEvent>> EventFeed::page_blocking(const std::string& after) {
    ApiRequest request;
    request.path = fmt::format("/fine_tuning/jobs/{}/events?limit={}", percent_encoded(job_), page_size);
    if (!after.empty()) request.path += "&after=" + percent_encoded(after);
    Page<ApiEvent> page;
    const auto take = [&page](std::string_view body) -> Result<void> {
        FOREBAY_TRY(page, parse_events(body));
        return {};
    };
    FOREBAY_TRY_VOID(api_.request_blocking(request, attempts_max_, take));
    return page;
}

void EventFeed::learn_order(const std::vector<ApiEvent>& listed) {
    if (order_ != Order::unknown || listed.size() < 2) return;
    const auto first = listed.front().created_at;
    const auto last = listed.back().created_at;
    if (first > last) order_ = Order::newest_first;
    if (first < last) order_ = Order::oldest_first;
}

Result<std::vector<ApiEvent>> EventFeed::fetch_blocking(bool all) {
    std::vector<ApiEvent> listed;
    if (!supported_) return listed;
    // What an earlier attempt left behind may be older than what it kept.
    all = all || std::exchange(first_look_, false);
    std::set<std::string, std::less<>> of_this_look;
    std::string after = order_ == Order::oldest_first && !all ? last_ : std::string();
    for (unsigned pages = 0; pages < pages_max; ++pages) {
        auto page = page_blocking(after);
        if (!page && page.error().code == Code::not_found) {
            supported_ = false;
            return std::vector<ApiEvent>();
        }
        if (!page) return std::unexpected(std::move(page).error());
        bool met_known = false, advanced = false;
        for (auto& event : page->items) {
            met_known = met_known || known_.contains(event.id);
            after = event.id;
            if (!of_this_look.insert(event.id).second) continue;
            advanced = true;
            listed.push_back(std::move(event));
        }
        learn_order(listed);
        const bool reached_known = met_known && !all && order_ == Order::newest_first;
        // A list that goes on without anything new is one that does not heed `after`.
        if (!page->has_more || !advanced || reached_known) break;
    }
    if (order_ == Order::oldest_first) {
        if (!listed.empty()) last_ = listed.back().id;
    } else {
        std::ranges::reverse(listed);
    }
    std::erase_if(listed, [this](const ApiEvent& event) { return known_.contains(event.id); });
    return in_order_of_time(listed);
}

Result<void> EventFeed::keep_blocking(const ApiEvent& event) {
    std::string line;
    json::ObjectWriter object(line);
    object.field("id", event.id);
    object.field("created_at", event.created_at);
    object.field("level", event.level);
    object.field("message", event.message);
    if (event.metrics) object.field("step", event.metrics->step);
    object.close();
    line += '\n';
    // A line that a kill cut short must not swallow this one.
    if (std::exchange(torn_, false)) line.insert(0, "\n");
    std::ofstream out(file_, std::ios::app);
    if (!out.write(line.data(), static_cast<std::streamsize>(line.size())).flush()) {
        return fail(Code::unavailable, "cannot write '{}': {}", file_, std::strerror(errno));
    }
    known_.insert(event.id);
    return {};
}

}  // namespace forebay::training
