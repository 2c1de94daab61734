// Snapshot: an immutable value that is replaced as a whole. Readers keep the one they got.
//
// Threads  get() and put() from any thread; the lock covers one pointer copy.
#pragma once
#include <memory>
#include <mutex>
#include <utility>

namespace forebay::exec {

template <class T>
class Snapshot {
public:
    explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {}

    std::shared_ptr<const T> get() const {
        const std::lock_guard lock(mutex_);
        return value_;
    }
    void put(std::shared_ptr<const T> value) {
        const std::lock_guard lock(mutex_);
        value_.swap(value);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

}  // namespace forebay::exec
