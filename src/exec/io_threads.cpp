#include "exec/io_threads.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <future>

#include "base/log.h"

namespace forebay::exec {
namespace {

constexpr std::chrono::milliseconds watch_tick{50};
constexpr std::chrono::milliseconds stop_patience{2'000};

}  // namespace

IoThread::IoThread(unsigned index, std::string name)
    : index_(index),
      name_(std::move(name)),
      context_(1),
      watches_(context_, watch_tick),
      work_(make_work_guard(context_)) {}

void IoThread::start() {
    watches_.start();
    thread_ = std::thread([this] { run(); });
}

void IoThread::run() {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    // One last catch: an exception that left a handler must not take the other connections with it.
    for (;;) {
        try {
            context_.run();
            return;
        } catch (const std::exception& bug) {
            log::error("bug: an exception left a handler on {}: {}", name_, bug.what());
        }
    }
}

void IoThread::stop_blocking(std::chrono::milliseconds patience) {
    if (!thread_.joinable()) return;
    boost::asio::post(context_, [this] {
        watches_.stop();
        work_.reset();
    });
    auto joined = std::async(std::launch::async, [this] { thread_.join(); });
    if (joined.wait_for(patience) != std::future_status::ready) {
        log::warning("{} still has work after {} ms and is stopped", name_, patience.count());
        context_.stop();
    }
    joined.wait();
}

IoThreads::IoThreads(unsigned count) {
    if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i) threads_.push_back(std::make_unique<IoThread>(i, fmt::format("io-{}", i)));
}

IoThreads::~IoThreads() { stop_blocking(); }

void IoThreads::start() {
    running_ = true;
    for (auto& thread : threads_) thread->start();
}

void IoThreads::stop_blocking() {
    if (!running_) return;
    running_ = false;
    for (auto& thread : threads_) thread->stop_blocking(stop_patience);
}

}  // namespace forebay::exec
