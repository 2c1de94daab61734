// The events of a fine-tuning job, each given once and in the order in which they happened, also over resumes.
//
// The published API lists the newest first; some others list the oldest first. Which it is, is seen from the times.
// With the newest first a look ends at the first page that holds a known event; with the oldest first it begins after
// the last.
//
// Durable  what was given and kept is in events.jsonl in the run's folder, one event a line.
// Threads  one, the driver's.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "training/openai_api.h"
#include "training/openai_job.h"

namespace forebay::training {

class EventFeed {
public:
    // Reads what earlier attempts kept in `file`; a last line that was cut is left out.
    EventFeed(OpenaiApi& api, std::string job, std::string file, unsigned attempts_max);

    // What is new, oldest first. `all`: looks through the whole list again, for what came late. Empty for good when the
    // API has no list of events.
    Result<std::vector<ApiEvent>> fetch_blocking(bool all);
    // Not given again, from now on.
    Result<void> keep_blocking(const ApiEvent& event);
    bool supported() const { return supported_; }

private:
    enum class Order { unknown, newest_first, oldest_first };
    Result<Page<ApiEvent>> page_blocking(const std::string& after);
    void learn_order(const std::vector<ApiEvent>& listed);

    OpenaiApi& api_;
    const std::string job_;
    const std::string file_;
    const unsigned attempts_max_;
    std::set<std::string, std::less<>> known_;
    Order order_ = Order::unknown;
    std::string last_;  // with the oldest first: where the next look begins
    bool supported_ = true;
    bool first_look_ = true;
    bool torn_ = false;  // the file ends inside a line
};

}  // namespace forebay::training
