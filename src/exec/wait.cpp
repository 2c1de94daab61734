#include "exec/wait.h"

#include <condition_variable>
#include <mutex>

namespace forebay::exec {

bool wait_until_blocking(const std::function<bool()>& condition, Deadline deadline) {
    constexpr std::chrono::milliseconds look_again{10};
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable never_notified;
    while (!condition()) {
        if (deadline.passed()) return false;
        never_notified.wait_for(lock, look_again);
    }
    return true;
}

}  // namespace forebay::exec
